// lumen/flow: the chance that a frame cannot be mended, and the parity that makes it small. Pure.
//
// Datagrams are lost as Gilbert's two-state chain says: a share `loss` of them, in runs of `mean_burst` on
// average and geometrically distributed; runs of 1 / (1 − loss) are what independent losses make. With a =
// P[a run begins behind a datagram that arrived] and r = 1 / mean_burst, a frame of k data and m parity
// datagrams is lost exactly when more than m are lost before its k-th one arrives. Before the first arrival,
// and between two, lies a run with the generating function h(z) = r·z / (1 − (1 − r)·z), or none, so the
// number lost has
//   G(z) = (1 − loss + loss·h(z)) · (1 − a + a·h(z))^(k−1).
// - Small frames: the coefficients of G follow from one another by a recurrence of three terms, and their
//   sum is exact.
// - Large frames: Lugannani and Rice's saddlepoint approximation of the tail of G, with the correction for
//   whole numbers. A test compares it with the chain itself, stepped datagram by datagram.
#pragma once

#include <cstddef>

namespace lumen {

struct LossModel {
  double loss = 0;        // 0…0.95
  double mean_burst = 1;  // datagrams; taken for 1 / (1 − loss) when smaller
};

// P[more than `parity_shards` of data + parity consecutive datagrams are lost], to about 1e-12.
// O(parity_shards).
double frame_loss(std::size_t data_shards, std::size_t parity_shards, const LossModel& model);

// The least parity for which frame_loss() is at most `target` (1e-12…0.1), or `most` when that is smaller.
std::size_t least_parity(std::size_t data_shards, const LossModel& model, double target, std::size_t most);

}  // namespace lumen
