//! One answer from several readers.

use serde::Serialize;

/// What a tie becomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tie {
    /// No answer: left out wherever the reference is needed, and counted.
    #[default]
    Undecided,
    /// The highest of the tied categories.
    Positive,
    /// The lowest of the tied categories.
    Negative,
    /// The answer of the first reader who gave one.
    First,
}

/// How one subject came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The category index; `None` when undecided.
    pub value: Option<usize>,
    /// Whether the votes were tied, whatever the tie rule made of it.
    pub tied: bool,
    /// Whether fewer readers answered than the quorum asks for.
    pub insufficient: bool,
}

/// Plurality of the answers given; readers in id order, `q` categories.
///
/// Fewer answers than `quorum` (at least 1): no answer. An odd panel can still tie when answers are missing.
pub fn plurality(answers: &[Option<usize>], q: usize, tie: Tie, quorum: usize) -> Decision {
    let mut votes = vec![0_usize; q];
    let mut given = 0;
    let mut first = None;
    for &answer in answers.iter().flatten() {
        if let Some(v) = votes.get_mut(answer) {
            *v += 1;
            given += 1;
            first = first.or(Some(answer));
        }
    }
    if given < quorum.max(1) {
        return Decision { value: None, tied: false, insufficient: true };
    }
    let most = votes.iter().copied().max().unwrap_or(0);
    let mut leaders = (0..q).filter(|k| votes[*k] == most);
    let lowest = leaders.next();
    let highest = leaders.next_back();
    let value = match (tie, highest) {
        (_, None) | (Tie::Negative, _) => lowest,
        (Tie::Undecided, Some(_)) => None,
        (Tie::Positive, Some(_)) => highest,
        (Tie::First, Some(_)) => first,
    };
    Decision { value, tied: highest.is_some(), insufficient: false }
}

/// All ways to choose `k` of `n`, in lexicographic order; for every split of a panel into gold and tested readers.
pub fn combinations(n: usize, k: usize) -> Vec<Vec<usize>> {
    if k > n {
        return Vec::new();
    }
    let mut chosen: Vec<usize> = (0..k).collect();
    let mut out = vec![chosen.clone()];
    loop {
        let Some(i) = (0..k).rev().find(|&i| chosen[i] < n - k + i) else { return out };
        chosen[i] += 1;
        for j in i + 1..k {
            chosen[j] = chosen[j - 1] + 1;
        }
        out.push(chosen.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_of_six_readers_split_twenty_ways() {
        assert_eq!(combinations(6, 3).len(), 20);
        assert_eq!(combinations(3, 0), [Vec::<usize>::new()]);
        assert!(combinations(2, 3).is_empty());
    }

    #[test]
    fn an_odd_panel_ties_when_an_answer_is_missing() {
        let answers = [Some(1), None, Some(0)];
        let undecided = plurality(&answers, 2, Tie::Undecided, 1);
        assert_eq!((undecided.value, undecided.tied), (None, true));
        assert_eq!(plurality(&answers, 2, Tie::First, 1).value, Some(1));
        assert_eq!(plurality(&answers, 2, Tie::Negative, 1).value, Some(0));
        assert!(plurality(&answers, 2, Tie::First, 3).insufficient);
    }
}
