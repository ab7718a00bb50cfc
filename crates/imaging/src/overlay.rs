//! Overlay planes and the display shutter.

/// A one-bit plane drawn over the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlay {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Image row (0-based, may be negative) of the plane's first row.
    pub row: i32,
    /// Image column (0-based, may be negative) of the plane's first column.
    pub column: i32,
    /// True for graphics, false for a region of interest.
    pub graphics: bool,
    /// Overlay Label or Description.
    pub label: Option<String>,
    /// The plane, row by row, eight pixels to a byte, the first in the lowest bit.
    pub bits: Vec<u8>,
}

impl Overlay {
    /// Whether the plane is set at image column `x`, row `y`.
    pub fn is_set(&self, x: i64, y: i64) -> bool {
        let (x, y) = (x - i64::from(self.column), y - i64::from(self.row));
        if x < 0 || y < 0 || x >= i64::from(self.width) || y >= i64::from(self.height) {
            return false;
        }
        let index = y * i64::from(self.width) + x;
        usize::try_from(index / 8)
            .ok()
            .and_then(|byte| self.bits.get(byte))
            .is_some_and(|byte| byte >> (index % 8) & 1 == 1)
    }
}

/// The part of the image that is meant to be seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Shutter {
    /// What bounds it; a pixel must be inside all of them.
    pub shapes: Vec<ShutterShape>,
    /// P-value of what lies outside, 0..=65,535.
    pub value: u16,
}

/// One bound of a shutter, in pixels counted from 1 as the file has them.
#[derive(Debug, Clone, PartialEq)]
pub enum ShutterShape {
    /// Edges; pixels on the edges are inside.
    Rectangle {
        /// Left edge.
        left: i64,
        /// Right edge.
        right: i64,
        /// Upper edge.
        top: i64,
        /// Lower edge.
        bottom: i64,
    },
    /// A circle.
    Circle {
        /// Row of the centre.
        row: i64,
        /// Column of the centre.
        column: i64,
        /// Radius in pixels.
        radius: i64,
    },
    /// A polygon by its (row, column) corners.
    Polygon(Vec<(i64, i64)>),
}

impl Shutter {
    /// Whether image column `x`, row `y` (counted from 0) is to be seen.
    pub fn shows(&self, x: u32, y: u32) -> bool {
        self.shapes.iter().all(|shape| shape.contains(i64::from(x) + 1, i64::from(y) + 1))
    }
}

impl ShutterShape {
    fn contains(&self, column: i64, row: i64) -> bool {
        match self {
            Self::Rectangle { left, right, top, bottom } => {
                (*left..=*right).contains(&column) && (*top..=*bottom).contains(&row)
            }
            Self::Circle { row: r, column: c, radius } => {
                let (dr, dc) = ((row - r) as f64, (column - c) as f64);
                dr * dr + dc * dc <= (*radius as f64) * (*radius as f64)
            }
            Self::Polygon(corners) => in_polygon(corners, row as f64, column as f64),
        }
    }
}

fn in_polygon(corners: &[(i64, i64)], row: f64, column: f64) -> bool {
    let mut inside = false;
    let Some(&(mut previous)) = corners.last() else { return true };
    for &corner in corners {
        let (r1, c1) = (previous.0 as f64, previous.1 as f64);
        let (r2, c2) = (corner.0 as f64, corner.1 as f64);
        if (r1 > row) != (r2 > row) && column < (c2 - c1) * (row - r1) / (r2 - r1) + c1 {
            inside = !inside;
        }
        previous = corner;
    }
    inside
}
