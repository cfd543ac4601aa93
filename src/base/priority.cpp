#include "base/priority.hpp"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>

namespace lumen {
namespace {

constexpr int kRealtimePriority = 5;  // above everything ordinary, below audio servers (usually 20 and up)
constexpr int kUrgentNice = -10;

bool try_realtime() {
  const sched_param param{.sched_priority = kRealtimePriority};
  return sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &param) == 0;
}

bool try_urgent() { return setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kUrgentNice) == 0; }

}  // namespace

Status raise_priority(Urgency urgency) {
  if (urgency == Urgency::realtime ? try_realtime() : try_urgent()) return {};
  return fail(
      ErrorCode::denied, "priority.denied",
      urgency == Urgency::realtime ? "no real-time priority" : "no raised priority",
      "Latency may vary under load. Allow it with 'rtprio 5' and 'nice -10' in /etc/security/limits.conf",
      errno);
}

}  // namespace lumen
