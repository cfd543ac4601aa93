// lumen/stream/receive: where a running stream's pictures and sound go, whichever protocol brings them.
#pragma once

#include <functional>

#include "interface/sound_output.hpp"
#include "media/mode.hpp"
#include "stream/receive/decode_stage.hpp"
#include "stream/receive/game_audio_receiver.hpp"

namespace lumen::stream {

// Outlive the streams.
struct StreamOutputs {
  DecoderFactory make_decoder;
  std::function<void(const DecodedPicture&)> on_picture;  // lm-dec
  // GameStream: sound as it is decoded, on lm-audio.
  std::function<void(const DecodedSound&)> on_sound;
  // lumen/1, which plays at the pace of the output: see SoundReceiver::Params.
  MakeSoundOutput make_sound_output;
  std::function<BitsPerSecond(const Mode&)> default_bitrate;  // of the encoder, for a mode
};

}  // namespace lumen::stream
