// lumen/stream/picture: desktop pixels to access units in the shared ring.
//
//   desktop thread: on_frame() converts what changed into a pooled picture ──newest wins──▶ lm-enc: cadence,
//   encoder, ring. A still desktop is encoded again as flow/cadence.hpp says.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "base/log.hpp"
#include "base/thread.hpp"
#include "flow/cadence.hpp"
#include "interface/color_converter.hpp"
#include "interface/video_encoder.hpp"
#include "link/shared_ring.hpp"
#include "stream/picture/encode_inbox.hpp"

namespace lumen::stream {

// Counters since start; each is read and written relaxed, they publish nothing.
struct PictureStats {
  std::atomic<std::uint64_t> captured{0}, encoded{0}, idr{0}, dropped_full{0}, no_picture{0};
  std::atomic<std::uint64_t> convert_cpu_us{0}, encode_cpu_us{0};  // on lm-enc; the encoder's workers apart
};

struct PictureEvents {
  // The encoder was (re)opened for this mode, or is as set_encoding() wants it. Called on lm-enc.
  std::function<void(const Mode&, std::uint32_t encoding_id, const EncoderDescription&)> on_encoder;
  // It cannot be opened, or failed for good. Called on lm-enc, which then ends.
  std::function<void(const Error&)> on_failed;
};

struct PictureParams {
  Mode mode;
  Encoding encoding;                                          // to begin with
  std::function<BitsPerSecond(const Mode&)> default_bitrate;  // where the encoding names none
  std::string preset;
  EncoderFactory make_encoder;
  std::unique_ptr<ColorConverter> converter;
  PictureEvents events;
};

// Owner: the desktop thread; every method is called on it.
class PicturePipeline {
 public:
  // `ring` and `log` outlive the pipeline.
  PicturePipeline(PictureParams params, link::SharedRing& ring, Logger& log);
  ~PicturePipeline();
  PicturePipeline(const PicturePipeline&) = delete;
  PicturePipeline& operator=(const PicturePipeline&) = delete;

  void on_frame(const BorrowedFrame& frame);
  // The refresh rate of the frames to come; their size speaks for itself.
  void set_mode(const Mode& mode);
  // Off: nothing is converted or encoded. On: the caller asks the desktop for a repaint.
  void set_streaming(bool on);
  // From the next picture on; on_encoder answers. The caller asks the desktop for a repaint.
  void set_encoding(const Encoding& encoding);
  // At most so much from the next picture on, without an IDR and across encoders; 0: as the encoding says.
  void limit_bitrate(std::uint32_t kbps) { inbox_.limit_bitrate(kbps); }
  void request_idr() { inbox_.request_idr(); }
  const PictureStats& stats() const { return stats_; }
  std::uint64_t overwritten() const { return inbox_.overwritten(); }

 private:
  struct RowRange {
    std::uint32_t first = 0, end = 0;  // empty when first >= end
  };
  Status fit_pool(const BorrowedFrame& frame);
  void mark_stale(const BorrowedFrame& frame);
  void convert_and_put(const BorrowedFrame& frame, PictureLease lease);
  void put_device_picture(const BorrowedFrame& frame, PictureLease lease);
  // lm-enc
  void encode_loop(const std::stop_token& stop);
  void encode_one(const std::stop_token& stop, EncodeInbox::Taken taken);
  Status fit_encoder(const CapturedFrame& frame, std::uint32_t refresh_mhz);
  Status open_encoder(const Mode& mode);
  void change_encoding(const Encoding& encoding, std::uint32_t refresh_mhz);
  BitsPerSecond bitrate_for(const Mode& mode) const;
  void fit_bitrate();
  void tell_encoder_if_new();
  void publish(const AccessUnitView& unit, Duration cpu);

  PictureParams params_;
  link::SharedRing& ring_;
  Logger& log_;
  PictureStats stats_;
  EncodeInbox inbox_;
  // desktop thread
  bool streaming_ = false;
  ColorSpace color_;  // of the pictures to come
  std::shared_ptr<PicturePool> pool_;
  std::vector<RowRange> stale_;  // per pool picture: rows that changed since it was filled
  // lm-enc
  std::unique_ptr<VideoEncoder> encoder_;
  const Mode first_mode_;
  const EncoderDescription* told_ = nullptr;  // of the encoder that on_encoder told of
  Mode encoder_mode_;
  Encoding encoding_;
  std::uint32_t limit_kbps_ = 0;
  BitsPerSecond bitrate_;  // of encoder_
  Cadence cadence_;
  std::optional<CapturedFrame> last_;
  FrameId next_id_{1};
  bool need_idr_ = false, failed_ = false;
  OwnedThread thread_;
};

}  // namespace lumen::stream
