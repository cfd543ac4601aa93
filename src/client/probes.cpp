#include "client/probes.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "base/fd.hpp"
#include "codec/software.hpp"
#include "crypto/aead.hpp"

namespace lumen::client {
namespace {

using namespace std::chrono_literals;

Timestamp now() { return SteadyTime{}.now(); }

UniqueFd open_socket(const net::Endpoint& to, int type) {
  return UniqueFd{socket(to.address()->sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
}

bool wait_for(int fd, short events, Timestamp deadline) {
  const auto left = std::max<Duration>(deadline - now(), Duration::zero());
  pollfd waiter{fd, events, 0};
  return poll(&waiter, 1, static_cast<int>(left / 1ms) + 1) == 1;
}

int pending_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

// RFC 9000, 17.2 and 15: a long header with a version of the pattern that servers must not know, padded to
// what a server has to answer.
std::vector<std::byte> unknown_version_packet() {
  constexpr std::size_t kBytes = 1200, kIdBytes = 8;
  std::vector<std::byte> packet;
  const auto put = [&](unsigned byte) { packet.push_back(static_cast<std::byte>(byte)); };
  put(0xC0);
  for (const unsigned byte : {0x1AU, 0x2AU, 0x3AU, 0x4AU}) put(byte);
  for (int id = 0; id < 2; ++id) {
    put(kIdBytes);
    std::array<std::byte, kIdBytes> random{};
    static_cast<void>(crypto::fill_random(random));
    packet.insert(packet.end(), random.begin(), random.end());
  }
  packet.resize(kBytes);
  return packet;
}

// Something to encode: a gradient with a block that moves through it.
void paint(const Picture& picture, std::uint32_t number) {
  const auto width = picture.coded_width(), height = picture.coded_height();
  const std::uint32_t side = height / 4, left = number * 16 % (width - side),
                      top = number * 8 % (height - side);
  for (std::uint32_t y = 0; y < height; ++y) {
    auto* row = picture.planes[0].pixels + y * picture.planes[0].stride_bytes;
    for (std::uint32_t x = 0; x < width; ++x) {
      const bool inside = x >= left && x < left + side && y >= top && y < top + side;
      row[x] = static_cast<std::byte>(inside ? (x * y + number) % 200 + 20 : (x + y + number) / 8 % 200 + 20);
    }
  }
  for (std::uint32_t y = 0; y < height / 2; ++y)
    std::fill_n(picture.planes[1].pixels + y * picture.planes[1].stride_bytes, width, std::byte{128});
}

AccessUnit owned(const AccessUnitView& view) {
  AccessUnit unit{
      .id = view.id, .codec = view.codec, .kind = view.kind, .width = view.width, .height = view.height};
  unit.bytes.assign(view.bytes.begin(), view.bytes.end());
  return unit;
}

}  // namespace

Reached reach_tcp(const net::Endpoint& to, Duration timeout) {
  const auto begun = now();
  const auto fd = open_socket(to, SOCK_STREAM);
  if (fd.get() < 0) return {};
  if (connect(fd.get(), to.address(), to.length()) == 0) return {Reach::answers, now() - begun};
  if (errno == ECONNREFUSED) return {Reach::refused, now() - begun};
  if (errno != EINPROGRESS || !wait_for(fd.get(), POLLOUT, begun + timeout)) return {};
  const int error = pending_error(fd.get());
  if (error == 0) return {Reach::answers, now() - begun};
  return {error == ECONNREFUSED ? Reach::refused : Reach::silent, now() - begun};
}

Reached reach_quic(const net::Endpoint& to, Duration timeout) {
  constexpr int kTries = 3;
  const auto begun = now();
  const auto fd = open_socket(to, SOCK_DGRAM);
  if (fd.get() < 0 || connect(fd.get(), to.address(), to.length()) != 0) return {};
  const auto packet = unknown_version_packet();
  for (int i = 1; i <= kTries; ++i) {
    const auto sent = send(fd.get(), packet.data(), packet.size(), 0);
    if (sent < 0 && errno == ECONNREFUSED) return {Reach::refused, now() - begun};
    if (!wait_for(fd.get(), POLLIN, begun + timeout * i / kTries)) continue;
    std::array<std::byte, 2048> answer{};
    if (recv(fd.get(), answer.data(), answer.size(), 0) >= 0) return {Reach::answers, now() - begun};
    if (errno == ECONNREFUSED) return {Reach::refused, now() - begun};
  }
  return {};
}

Result<DecoderSpeed> measure_decoder(Codec codec, const Mode& mode, Duration budget) {
  constexpr std::uint32_t kMost = 40;
  constexpr std::size_t kWarmUp = 2;
  const auto deadline = now() + budget;
  LUMEN_TRY(auto decoder, codec::create_decoder(codec));
  LUMEN_TRY(auto encoder,
            codec::create_encoder({.codec = codec, .mode = mode, .bitrate = codec::default_bitrate(mode)}));
  LUMEN_TRY(auto pool, PicturePool::create({.width = mode.width, .height = mode.height, .count = 2}));
  DecoderSpeed speed{.decoder = decoder->name()};
  std::vector<Duration> took;
  for (std::uint32_t i = 0; i < kMost && (now() < deadline || took.size() <= kWarmUp); ++i) {
    auto lease = pool->try_acquire();
    if (!lease) return fail(ErrorCode::internal, "doctor.picture", "no picture is free");
    paint(lease->picture(), i);
    LUMEN_TRY(const auto view,
              encoder->encode({.picture = std::move(*lease), .sequence = i}, FrameId{i}, false));
    const auto unit = owned(view);
    const auto begun = now();
    LUMEN_TRY(const auto picture, decoder->decode(unit));
    static_cast<void>(picture);
    took.push_back(now() - begun);
  }
  took.erase(took.begin(), took.begin() + kWarmUp);
  std::ranges::sort(took);
  speed.pictures = static_cast<std::uint32_t>(took.size());
  speed.p50 = took.at(took.size() / 2);
  speed.p95 = took.at((took.size() - 1) * 95 / 100);
  return speed;
}

}  // namespace lumen::client
