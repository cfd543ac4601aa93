// tools/latency-probe: what is measured: a stream of the test scene, by lumen/1 or by GameStream.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/log.hpp"
#include "client/gamestream/host_book.hpp"
#include "lumen1/connect_info.hpp"
#include "media/input.hpp"
#include "media/mode.hpp"
#include "stream/receive/decode_stage.hpp"
#include "tools/latency-probe/samples.hpp"

namespace lumen::probe {

// A running stream. Its destructor says goodbye.
class Stream {
 public:
  virtual ~Stream() = default;
  virtual void send_input(const InputEvent& event) = 0;
  // Why it cannot go on, if it cannot.
  virtual Status verdict() = 0;
  // Encoder, host, round trip, as far as they are known.
  virtual void describe(ProbeRun& run) = 0;
};

// Whom to connect to. open() may be called again and again, one stream at a time.
class Subject {
 public:
  using PictureFn = std::function<void(const stream::DecodedPicture&)>;
  virtual ~Subject() = default;
  virtual std::string name() const = 0;
  // `on_picture` is called on the decoder's thread until the stream is destroyed.
  virtual Result<std::unique_ptr<Stream>> open(const Mode& mode, PictureFn on_picture, Logger& log) = 0;
};

std::unique_ptr<Subject> create_lumen_subject(lumen1::ConnectInfo connect);
// The host must be paired with `book`, which outlives the subject. `app`: as GameConnection::find_app() wants
// it.
std::unique_ptr<Subject> create_game_subject(client::HostAddress host, std::string app,
                                             client::HostBook& book);

}  // namespace lumen::probe
