// lumen/simulation: how many data and parity datagrams a frame becomes, in which blocks, under each code.
// Every block is mended by any of its datagrams that are as many as its data. Pure.
//
// - Leopard's codes: one block, whatever the frame.
// - GameStream's code over GF(2⁸): blocks of 255 datagrams at most, four blocks at most; a frame that wants
//   more has no parity at all. The parity of a block is a whole percentage of its data, rounded up, two at
//   least. Blocks follow one another, each its data and then its parity.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace lumen::simulation {

enum class Code : std::uint8_t { none, gamestream, leopard };

struct Block {
  std::size_t data = 0, parity = 0;
};

struct FrameLayout {
  std::array<Block, 4> block{};
  std::size_t blocks = 0;
  std::size_t data() const;
  std::size_t parity() const;
};

// A frame without parity (no code, none wanted, too large for the code) is one block.
FrameLayout lay_out(Code code, std::size_t data_shards, double parity_percent);
// The parity that the whole frame should have; GameStream's is the least percentage that gives as much.
FrameLayout lay_out_with(Code code, std::size_t data_shards, std::size_t parity_shards);

}  // namespace lumen::simulation
