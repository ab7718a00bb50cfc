//! Windows: the functions of C.11.2.1.2, in double precision.

use serde::Serialize;

/// The shape of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VoiFunction {
    /// The default: integer ranges, `c − ½` and `w − 1`.
    #[default]
    Linear,
    /// Continuous ranges, `c` and `w`.
    LinearExact,
    /// A logistic curve that never reaches the ends.
    Sigmoid,
}

impl VoiFunction {
    /// Reads the attribute's text; `None` when it is no known function.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim_matches(|c: char| c.is_whitespace() || c == '\0').to_uppercase().as_str() {
            "LINEAR" => Some(Self::Linear),
            "LINEAR_EXACT" => Some(Self::LinearExact),
            "SIGMOID" => Some(Self::Sigmoid),
            _ => None,
        }
    }

    /// The attribute's text.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "LINEAR",
            Self::LinearExact => "LINEAR_EXACT",
            Self::Sigmoid => "SIGMOID",
        }
    }
}

/// A window over modality values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Window {
    /// Window Center.
    pub center: f64,
    /// Window Width.
    pub width: f64,
    /// Its shape.
    pub function: VoiFunction,
}

impl Window {
    /// A LINEAR window.
    pub fn linear(center: f64, width: f64) -> Self {
        Self { center, width, function: VoiFunction::Linear }
    }

    /// The LINEAR window that spreads the integers `low..=high` over the full output.
    pub fn over_integers(low: f64, high: f64) -> Self {
        Self::linear(f64::midpoint(low, high + 1.0), high - low + 1.0)
    }

    /// The `LINEAR_EXACT` window from `low` to `high`.
    pub fn over_range(low: f64, high: f64) -> Self {
        Self {
            center: f64::midpoint(low, high),
            width: high - low,
            function: VoiFunction::LinearExact,
        }
    }

    /// The function that will be used: LINEAR is defined for widths from 1 only.
    pub fn effective_function(&self) -> VoiFunction {
        if self.function == VoiFunction::Linear && self.width < 1.0 {
            VoiFunction::LinearExact
        } else {
            self.function
        }
    }

    /// A window that can be computed with: finite, and of positive width.
    pub fn is_usable(&self) -> bool {
        self.center.is_finite() && self.width.is_finite() && self.width > 0.0
    }

    /// The output for modality value `x`, 0..=1.
    pub fn apply(&self, x: f64) -> f64 {
        let (c, w) = (self.center, self.width);
        match self.effective_function() {
            VoiFunction::Linear => {
                if x <= c - 0.5 - (w - 1.0) / 2.0 {
                    0.0
                } else if x > c - 0.5 + (w - 1.0) / 2.0 {
                    1.0
                } else {
                    (x - (c - 0.5)) / (w - 1.0) + 0.5
                }
            }
            VoiFunction::LinearExact => {
                if x <= c - w / 2.0 {
                    0.0
                } else if x > c + w / 2.0 {
                    1.0
                } else {
                    (x - c) / w + 0.5
                }
            }
            VoiFunction::Sigmoid => 1.0 / (1.0 + (-4.0 * (x - c) / w).exp()),
        }
    }

    /// The modality values at which the output leaves its ends. For SIGMOID,
    /// the ends of the straight line with the same slope in the middle.
    pub fn edges(&self) -> (f64, f64) {
        match self.effective_function() {
            VoiFunction::Linear => {
                let half = (self.width - 1.0) / 2.0;
                (self.center - 0.5 - half, self.center - 0.5 + half)
            }
            _ => (self.center - self.width / 2.0, self.center + self.width / 2.0),
        }
    }
}

/// A window of a file, and what the file calls it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VoiWindow {
    /// The window.
    #[serde(flatten)]
    pub window: Window,
    /// Its place in the file, counted from 1: unusable windows are left out, and counted.
    pub number: usize,
    /// Window Center & Width Explanation.
    pub explanation: Option<String>,
}
