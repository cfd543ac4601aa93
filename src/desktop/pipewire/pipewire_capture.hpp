// lumen/desktop/pipewire: the picture of a desktop that shares it as a node of PipeWire's graph, as KWin,
// Mutter, gamescope and the portal do.
//
// The source makes the buffers, this reads them: shared memory, and dmabufs whose modifier can be read. The
// newest picture is kept from the source until the next one comes, so that it can be told again. Whatever the
// source says of its buffers is checked (claims.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/event_loop.hpp"
#include "base/fd.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "interface/dmabuf_importer.hpp"
#include "media/frames.hpp"
#include "media/mode.hpp"

namespace lumen::pipewire {

// The pointer, where the source gives it apart. Pixels are valid during the call only.
struct CursorPicture {
  bool visible = false;
  std::int32_t x = 0, y = 0;                  // of the hot spot, in pixels of the frame
  std::int32_t hotspot_x = 0, hotspot_y = 0;  // in pixels of the picture
  std::uint32_t width = 0, height = 0;
  std::span<const std::byte> pixels;  // B, G, R, A, premultiplied, no gaps
};

struct CaptureParams {
  std::string socket;                    // PipeWire's, absolute path; not looked at where there is a `remote`
  UniqueFd remote;                       // a connection that the portal made
  std::optional<std::uint32_t> node_id;  // the source, or:
  std::string target_object;             // its name or serial
  std::optional<Mode> mode;              // exactly this, for sources that follow; none: as the source has it
  bool pointer_drawn = false;
  // The source tells of the pointer in buffers without a picture, and such a buffer may replace a picture
  // that came just before it: once the pointer rests, the stream is begun anew, for sources begin with a
  // whole one.
  bool pictures_get_lost = false;
  std::vector<std::uint64_t>
      mappable_modifiers;  // dmabufs that the CPU may read as they are: LINEAR, or none
  DmabufImporter* importer = nullptr;
};

// Called on the loop's thread, never from inside a call to the capture.
struct CaptureEvents {
  std::function<void(const BorrowedFrame&)> on_frame;
  std::function<void(const CursorPicture&)> on_cursor;  // moved or looks otherwise
  std::function<void()> on_format;                      // mode() is another
  std::function<void(const Error&)> on_lost;            // once; nothing comes after it
};

struct CaptureCounts {
  std::uint64_t frames = 0;     // told, repeats included
  std::uint64_t overtaken = 0;  // there was a newer one already
  std::uint64_t corrupted = 0;  // said the source
  std::uint64_t refused = 0;    // said we: it lies outside of its memory
};

// Owner: the thread of the event loop. Thread-safe: no. libpipewire has a thread of its own, which takes the
// buffers in and wakes the loop (intake.hpp).
class PipeWireCapture {
 public:
  // Connects; pictures come later. Fails with `pipewire.…` or `capture.…`. Does not wait for PipeWire.
  static Result<std::unique_ptr<PipeWireCapture>> create(CaptureParams params, CaptureEvents events,
                                                         EventLoop& loop, Logger& log);
  virtual ~PipeWireCapture() = default;

  // Blocks until a format is agreed upon; fails with `capture.no-format` at `deadline`, or says how the
  // source was lost (then on_lost is not called). For factories, before the loop runs.
  virtual Status wait_for_format(Timestamp deadline) = 0;
  // As agreed upon last; the rate is the highest that the source may have, 0: it did not tell.
  virtual std::optional<Mode> mode() const = 0;
  // Asks for this very size and rate; on_format tells when it came to pass.
  virtual Status request_mode(const Mode& mode) = 0;
  virtual void set_pointer_drawn(bool drawn) = 0;
  // Tells the newest picture again, soon; nothing where there is none.
  virtual void repaint() = 0;
  // on_cursor again, soon.
  virtual void tell_cursor_again() = 0;
  virtual CaptureCounts counts() const = 0;
};

}  // namespace lumen::pipewire
