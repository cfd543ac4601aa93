#include "client/picture_tap.hpp"

#include "client/picture_copy.hpp"
#include "codec/software.hpp"

namespace lumen::client {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPngTimeout = 3s;
constexpr std::size_t kWindowPictures = 4;  // waiting, shown, being filled, spare

}  // namespace

PictureTimes times_of(const stream::DecodedPicture& decoded) {
  const auto& unit = decoded.unit;
  return {.host_capture = unit.host_capture,
          .host_encode = unit.host_encode,
          .host_send = unit.host_send,
          .received = unit.received,
          .complete = unit.complete,
          .decoded = decoded.decoded};
}

void PictureTap::on_picture(const stream::DecodedPicture& decoded) {
  if (check_) checker_.check(decoded);
  const bool wanted = wanted_.exchange(false);
  if (!keep_all_ && !wanted) return;
  if (auto kept = keep(decoded.picture)) {
    kept->times = times_of(decoded);
    pictures_.put(std::move(*kept));
  } else if (wanted) {
    wanted_.store(true);
  }
}

// Copies a borrowed picture into a pool that fits it.
std::optional<KeptPicture> PictureTap::keep(const PictureView& picture) {
  if (!fits(picture)) {
    auto made = PicturePool::create({.format = picture.format,
                                     .color = picture.color,
                                     .width = picture.width,
                                     .height = picture.height,
                                     .count = kWindowPictures});
    if (!made) return std::nullopt;
    pool_ = std::move(*made);
  }
  auto lease = pool_->try_acquire();
  if (!lease || !copy_picture(picture, lease->picture())) return std::nullopt;
  return KeptPicture{std::move(*lease), picture.color, {}};
}

bool PictureTap::fits(const PictureView& picture) const {
  if (!pool_) return false;
  const auto& own = pool_->picture_size();
  return own.format == picture.format && own.width == picture.width && own.height == picture.height;
}

Status PictureTap::write_png(const std::string& path) {
  wanted_.store(true);
  const auto kept = take_until(SteadyTime{}.now() + kPngTimeout);
  if (kept) return codec::write_png(view_of(kept->lease.picture(), kept->color), path);
  return fail(ErrorCode::timed_out, "png.no-picture", "no picture came to write",
              "Check that the stream runs: lumen-host status");
}

}  // namespace lumen::client
