//! Helpers shared by the journeys over the whole program.
