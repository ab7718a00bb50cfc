//! Rectangles of whole pixels.

/// A rectangle of pixels: `min` belongs to it, `max` does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    /// Leftmost column and topmost row.
    pub min: [i32; 2],
    /// The column after the rightmost and the row after the lowest.
    pub max: [i32; 2],
}

impl Area {
    /// A window's width and height, from its corner.
    pub fn of_size(size: [usize; 2]) -> Self {
        Self { min: [0, 0], max: size.map(|n| i32::try_from(n).unwrap_or(i32::MAX)) }
    }

    /// Whether no pixel is in it.
    pub fn is_empty(&self) -> bool {
        self.min[0] >= self.max[0] || self.min[1] >= self.max[1]
    }

    /// What is in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self {
            min: [self.min[0].max(other.min[0]), self.min[1].max(other.min[1])],
            max: [self.max[0].min(other.max[0]), self.max[1].min(other.max[1])],
        }
    }

    /// The smallest that holds both.
    #[must_use]
    pub fn around(&self, other: &Self) -> Self {
        Self {
            min: [self.min[0].min(other.min[0]), self.min[1].min(other.min[1])],
            max: [self.max[0].max(other.max[0]), self.max[1].max(other.max[1])],
        }
    }

    /// From a rectangle in pixels, widened to whole ones and by one more: lines that are smoothed at
    /// their edges reach beyond their points.
    pub(crate) fn about(rect: egui::Rect) -> Self {
        let low = |v: f32| whole(v.floor()).saturating_sub(1);
        let high = |v: f32| whole(v.ceil()).saturating_add(1);
        Self { min: [low(rect.min.x), low(rect.min.y)], max: [high(rect.max.x), high(rect.max.y)] }
    }

    /// From a rectangle in pixels, each edge to the nearest one.
    pub(crate) fn nearest(rect: egui::Rect) -> Self {
        let near = |v: f32| whole(v.round());
        Self {
            min: [near(rect.min.x), near(rect.min.y)],
            max: [near(rect.max.x), near(rect.max.y)],
        }
    }
}

/// A coordinate as a whole number; what lies outside every screen is cut.
fn whole(value: f32) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "cut to a range that fits")]
    let whole = value.clamp(-1e6, 1e6) as i32;
    whole
}

/// Joins areas that touch, and all of them when there are many.
pub(crate) fn joined(mut areas: Vec<Area>) -> Vec<Area> {
    const MANY: usize = 8;
    areas.retain(|area| !area.is_empty());
    let mut apart: Vec<Area> = Vec::new();
    for mut area in areas {
        while let Some(at) = apart.iter().position(|other| !other.and(&area).is_empty()) {
            area = area.around(&apart.swap_remove(at));
        }
        apart.push(area);
    }
    if apart.len() > MANY {
        let all = apart.iter().copied().reduce(|all, area| all.around(&area));
        return all.into_iter().collect();
    }
    apart
}
