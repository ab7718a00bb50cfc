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

    fn pixels(&self) -> i64 {
        let side = |n: usize| i64::from(self.max[n]) - i64::from(self.min[n]);
        side(0) * side(1)
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

/// Joins areas that touch, and then the nearest ones until few are left.
pub(crate) fn joined(areas: Vec<Area>) -> Vec<Area> {
    const FEW: usize = 8;
    const MANY: usize = 64;
    let mut apart = touching_joined(areas);
    if apart.len() > MANY {
        let all = apart.iter().copied().reduce(|all, area| all.around(&area));
        return all.into_iter().collect();
    }
    while apart.len() > FEW {
        let pairs = (0..apart.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
        let waste = |(a, b): &(usize, usize)| {
            let (a, b) = (&apart[*a], &apart[*b]);
            a.around(b).pixels() - a.pixels() - b.pixels()
        };
        let Some((a, b)) = pairs.min_by_key(waste) else { break };
        let joined = apart.swap_remove(a).around(&apart[b]);
        apart[b] = joined;
        apart = touching_joined(apart);
    }
    apart
}

fn touching_joined(areas: Vec<Area>) -> Vec<Area> {
    let mut apart: Vec<Area> = Vec::new();
    for mut area in areas {
        if area.is_empty() {
            continue;
        }
        while let Some(at) = apart.iter().position(|other| !other.and(&area).is_empty()) {
            area = area.around(&apart.swap_remove(at));
        }
        apart.push(area);
    }
    apart
}
