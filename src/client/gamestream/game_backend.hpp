// client/gamestream: what the screens ask, of GameStream hosts. Work is done one piece after the other on a
// thread, lm-backend; a search runs beside it and ends when there is other work.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/log.hpp"
#include "client/gamestream/host_book.hpp"
#include "client/shell/backend.hpp"
#include "interface/video_decoder.hpp"
#include "net/mdns/browser.hpp"
#include "stream/receive/decode_stage.hpp"
#include "stream/receive/game_audio_receiver.hpp"

namespace lumen::client {

// Where a stream's pictures and sound go. Outlive the streams.
struct StreamOutputs {
  DecoderFactory make_decoder;
  std::function<void(const stream::DecodedPicture&)> on_picture;  // lm-dec
  std::function<void(const stream::DecodedSound&)> on_sound;      // lm-audio
  std::function<BitsPerSecond(const Mode&)> default_bitrate;      // of the encoder, for a mode
};

struct GameBackendParams {
  HostBook book;
  StreamOutputs outputs;
  net::MdnsBrowse browse;
};

// Fails as create_host_fetch(). `log` outlives it.
Result<std::unique_ptr<Backend>> create_game_backend(GameBackendParams params, Logger& log);

}  // namespace lumen::client
