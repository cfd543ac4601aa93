#include "desktop/pipewire/memory.hpp"

#include <fcntl.h>
#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace lumen::pipewire {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 30;

// Only a dmabuf knows this request.
bool synchronise(int fd, std::uint64_t what) {
  dma_buf_sync request{.flags = DMA_BUF_SYNC_READ | what};
  int result = 0;
  do {
    result = ioctl(fd, DMA_BUF_IOCTL_SYNC, &request);
  } while (result != 0 && (errno == EINTR || errno == EAGAIN));
  return result == 0;
}

bool may_shrink(int fd) {
  const int seals = fcntl(fd, F_GET_SEALS);
  return seals < 0 || (seals & F_SEAL_SHRINK) == 0;
}

}  // namespace

void Unmap::operator()(std::byte* address) const noexcept { munmap(address, bytes); }

Result<BufferMemory> BufferMemory::create(const spa_data& data) {
  const auto refuse = [](const char* why) {
    return fail(ErrorCode::malformed, "capture.memory", why, {}, errno);
  };
  errno = 0;
  if (data.type != SPA_DATA_MemFd && data.type != SPA_DATA_DmaBuf) {
    return refuse("the source gives memory of a kind that was not agreed upon");
  }
  BufferMemory memory;
  memory.fd_.reset(fcntl(static_cast<int>(data.fd), F_DUPFD_CLOEXEC, 0));
  if (!memory.fd_) return refuse("the source gives a buffer without memory");
  const int fd = memory.fd_.get();
  memory.is_dmabuf_ = data.type == SPA_DATA_DmaBuf && synchronise(fd, DMA_BUF_SYNC_START) &&
                      synchronise(fd, DMA_BUF_SYNC_END);
  const auto length = lseek(fd, 0, SEEK_END);
  if (length <= 0) return refuse("the source gives a buffer whose size cannot be found out");
  memory.start_ = data.mapoffset;
  const auto there = static_cast<std::size_t>(length);
  if (memory.start_ >= there) return refuse("the source gives a buffer that lies behind its memory's end");
  // What a dmabuf's maxsize says differs between compositors.
  memory.size_ = there - memory.start_;
  if (!memory.is_dmabuf_ && data.type == SPA_DATA_MemFd) {
    if (data.maxsize > memory.size_) return refuse("the source gives a buffer larger than its memory");
    memory.size_ = data.maxsize;
  }
  if (memory.size_ == 0 || memory.size_ > kMaxBytes)
    return refuse("the source gives a buffer of no usable size");
  errno = 0;
  if (memory.is_dmabuf_ || !may_shrink(fd)) {
    LUMEN_CHECK_OK(memory.map());
  }
  return memory;
}

Status BufferMemory::map() {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const auto before = start_ % page;
  void* address =
      mmap(nullptr, size_ + before, PROT_READ, MAP_SHARED, fd_.get(), static_cast<off_t>(start_ - before));
  if (address == MAP_FAILED) {
    return fail(ErrorCode::unsupported, "capture.memory", "the source's memory cannot be mapped", {}, errno);
  }
  mapped_ = {static_cast<std::byte*>(address), Unmap{size_ + before}};
  first_ = mapped_.get() + before;
  return {};
}

std::span<const std::byte> BufferMemory::view(std::size_t offset, std::size_t bytes) {
  if (first_ != nullptr) return {first_ + offset, bytes};
  if (copy_.size() < bytes) copy_.resize(bytes);
  for (std::size_t done = 0; done < bytes;) {
    const auto got =
        pread(fd_.get(), copy_.data() + done, bytes - done, static_cast<off_t>(start_ + offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return {};
    done += static_cast<std::size_t>(got);
  }
  return std::span{copy_}.first(bytes);
}

void BufferMemory::begin() const {
  if (is_dmabuf_) synchronise(fd_.get(), DMA_BUF_SYNC_START);
}

void BufferMemory::end() const {
  if (is_dmabuf_) synchronise(fd_.get(), DMA_BUF_SYNC_END);
}

}  // namespace lumen::pipewire
