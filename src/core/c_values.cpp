#include "core/c_values.hpp"

#include <cmath>
#include <limits>
#include <variant>

namespace lumen::core::abi {
namespace {

static_assert(LUMEN_MAX_DATAGRAM_BYTES == lumen1::kMaxDatagramBytes);
static_assert(LUMEN_SECRET_BYTES == lumen1::kSecretBytes);
static_assert(LUMEN_CIPHER_AES_128_GCM == static_cast<int>(crypto::AeadAlgorithm::aes_128_gcm));
static_assert(LUMEN_CIPHER_CHACHA20_POLY1305 == static_cast<int>(crypto::AeadAlgorithm::chacha20_poly1305));
static_assert(LUMEN_CODEC_H264 == static_cast<int>(Codec::h264));
static_assert(LUMEN_CODEC_AV1 == static_cast<int>(Codec::av1));
static_assert(LUMEN_PICTURE_DELTA == static_cast<int>(PictureKind::delta));
static_assert(LUMEN_PICTURE_IDR == static_cast<int>(PictureKind::idr));
static_assert(LUMEN_STATE_STARTING == static_cast<int>(lumen1::StreamState::starting));
static_assert(LUMEN_STATE_ENDED == static_cast<int>(lumen1::StreamState::ended));

lumen_input of_type(std::uint32_t type) {
  lumen_input input{};
  input.struct_size = sizeof input;
  input.type = type;
  return input;
}

struct ToC {
  lumen_input operator()(const PointerMoveTo& move) const {
    auto input = of_type(LUMEN_INPUT_POINTER_TO);
    input.x = move.x;
    input.y = move.y;
    return input;
  }
  lumen_input operator()(const PointerMoveBy& move) const {
    auto input = of_type(LUMEN_INPUT_POINTER_BY);
    input.dx = move.dx;
    input.dy = move.dy;
    return input;
  }
  lumen_input operator()(const PointerButton& button) const {
    auto input = of_type(LUMEN_INPUT_BUTTON);
    input.evdev_code = button.evdev_code;
    input.pressed = button.pressed ? 1 : 0;
    return input;
  }
  lumen_input operator()(const Scroll& scroll) const {
    auto input = of_type(LUMEN_INPUT_SCROLL);
    input.x = scroll.horizontal_v120;
    input.y = scroll.vertical_v120;
    return input;
  }
  lumen_input operator()(const Key& key) const {
    auto input = of_type(LUMEN_INPUT_KEY);
    input.evdev_code = key.evdev_code;
    input.pressed = key.pressed ? 1 : 0;
    return input;
  }
  lumen_input operator()(const ReleaseAll&) const { return of_type(LUMEN_INPUT_RELEASE_ALL); }
  // lumen/1 carries none of these, so none arrives here; 0 is no type that an application knows.
  lumen_input operator()(const Touch&) const { return of_type(0); }
  lumen_input operator()(const Pen&) const { return of_type(0); }
  lumen_input operator()(const Character&) const { return of_type(0); }
};

template <class Number>
bool fits(std::int32_t value) {
  return value >= std::numeric_limits<Number>::min() && value <= std::numeric_limits<Number>::max();
}

bool is_edge_valid(const lumen_input& input) {
  return input.evdev_code <= lumen1::kMaxEvdevCode && input.pressed <= 1;
}

std::string text_of(const char* text) { return text == nullptr ? std::string{} : std::string{text}; }

}  // namespace

std::optional<InputEvent> to_input(const lumen_input& input) {
  switch (input.type) {
    case LUMEN_INPUT_POINTER_TO:
      if (!fits<std::uint16_t>(input.x) || !fits<std::uint16_t>(input.y)) return std::nullopt;
      return PointerMoveTo{static_cast<std::uint16_t>(input.x), static_cast<std::uint16_t>(input.y)};
    case LUMEN_INPUT_POINTER_BY:
      if (!std::isfinite(input.dx) || !std::isfinite(input.dy)) return std::nullopt;
      return PointerMoveBy{input.dx, input.dy};
    case LUMEN_INPUT_BUTTON:
      if (!is_edge_valid(input)) return std::nullopt;
      return PointerButton{static_cast<std::uint16_t>(input.evdev_code), input.pressed == 1};
    case LUMEN_INPUT_SCROLL:
      if (!fits<std::int16_t>(input.x) || !fits<std::int16_t>(input.y)) return std::nullopt;
      return Scroll{.vertical_v120 = static_cast<std::int16_t>(input.y),
                    .horizontal_v120 = static_cast<std::int16_t>(input.x)};
    case LUMEN_INPUT_KEY:
      if (!is_edge_valid(input)) return std::nullopt;
      return Key{static_cast<std::uint16_t>(input.evdev_code), input.pressed == 1};
    case LUMEN_INPUT_RELEASE_ALL:
      return ReleaseAll{};
    default:
      return std::nullopt;
  }
}

lumen_input to_c(const InputEvent& event) { return std::visit(ToC{}, event); }

std::optional<lumen1::HostState> to_host_state(const lumen_host_state& state) {
  if (state.state < LUMEN_STATE_STARTING || state.state > LUMEN_STATE_ENDED) return std::nullopt;
  lumen1::HostState host;
  host.state = static_cast<lumen1::StreamState>(state.state);
  host.mode = {state.width, state.height, state.refresh_mhz};
  if (host.mode != Mode{} && !is_valid(host.mode)) return std::nullopt;
  host.reason = text_of(state.reason);
  host.encoder = text_of(state.encoder);
  host.encoder_reason = text_of(state.encoder_reason);
  host.display = text_of(state.display);
  host.capture = text_of(state.capture);
  return host;
}

lumen_host_state to_c(const lumen1::HostState& state) {
  lumen_host_state out{};
  out.struct_size = sizeof out;
  out.state = static_cast<std::uint32_t>(state.state);
  out.width = state.mode.width;
  out.height = state.mode.height;
  out.refresh_mhz = state.mode.refresh_mhz;
  out.reason = state.reason.c_str();
  out.encoder = state.encoder.c_str();
  out.encoder_reason = state.encoder_reason.c_str();
  out.display = state.display.c_str();
  out.capture = state.capture.c_str();
  return out;
}

std::optional<lumen1::Secret> to_secret(const std::uint8_t (&secret)[LUMEN_SECRET_BYTES]) {
  lumen1::Secret out{};
  std::memcpy(out.data(), secret, out.size());
  return out == lumen1::Secret{} ? std::nullopt : std::optional{out};
}

std::optional<lumen1::CipherOffer> to_ciphers(std::uint32_t cipher) {
  switch (cipher) {
    case LUMEN_CIPHER_ANY:
      return lumen1::preferred_ciphers();
    case LUMEN_CIPHER_AES_128_GCM:
    case LUMEN_CIPHER_CHACHA20_POLY1305:
      return lumen1::CipherOffer{static_cast<crypto::AeadAlgorithm>(cipher)};
    default:
      return std::nullopt;
  }
}

std::optional<AccessUnitView> to_unit(const lumen_access_unit& unit) {
  if (unit.bytes == nullptr || unit.reserved != 0 || unit.codec < LUMEN_CODEC_H264 ||
      unit.codec > LUMEN_CODEC_AV1 || unit.kind > LUMEN_PICTURE_IDR) {
    return std::nullopt;
  }
  constexpr std::uint32_t kMostPixels = 8192;  // as pack() has it: a refused unit must not abandon another
  if (unit.size_bytes == 0 || unit.width == 0 || unit.height == 0 || unit.width > kMostPixels ||
      unit.height > kMostPixels) {
    return std::nullopt;
  }
  if (!is_time(unit.presented_ns) || !is_time(unit.captured_ns) || !is_time(unit.encoded_ns))
    return std::nullopt;
  AccessUnitView view;
  view.codec = static_cast<Codec>(unit.codec);
  view.kind = static_cast<PictureKind>(unit.kind);
  view.width = unit.width;
  view.height = unit.height;
  view.bytes = bytes_of(unit.bytes, unit.size_bytes);
  view.times.presented = from_ns(unit.presented_ns);
  view.times.captured = from_ns(unit.captured_ns);
  view.times.encode_end = from_ns(unit.encoded_ns);
  return view;
}

}  // namespace lumen::core::abi
