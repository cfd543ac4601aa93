#include "gamestream/http/launch_book.hpp"

#include <algorithm>

namespace lumen::gamestream {
namespace {

// A client that repeats a key after so many others harms nobody but itself.
constexpr std::size_t kMaxUsedKeys = 16'384;
constexpr std::size_t kMaxPendingOfClient = 4;

Refused refuse(const LaunchRequest& request, std::int32_t status_code, std::string_view message) {
  return {launch_refusal(request.verb, status_code, message)};
}

}  // namespace

LaunchBook::LaunchBook(LaunchPolicy policy) : policy_{policy} {}

std::variant<Admitted, Refused> LaunchBook::admit(const LaunchRequest& request, const AppList& apps,
                                                  Timestamp now) {
  const auto digest = crypto::sha256({request.key.view()});
  if (!digest) return refuse(request, 503, digest.error().what);
  if (auto refused = refusal(request, apps, *digest)) return Refused{*std::move(refused)};

  const auto running = current_app(request.client);
  Admitted admitted{.id = LaunchId{++last_id_},
                    .app_id = running != 0 ? running : request.app_id,
                    .starts_app = running == 0,
                    .replaced = std::nullopt};
  const auto same_slot = std::ranges::find_if(pending_, [&](const PendingLaunch& each) {
    return each.request.client == request.client && each.request.remote == request.remote;
  });
  if (same_slot != pending_.end()) {
    admitted.replaced = same_slot->id;
    pending_.erase(same_slot);
  }
  if (admitted.starts_app) running_[request.client] = {admitted.app_id, admitted.id};
  note_key(request.client, *digest);
  pending_.push_back({admitted.id, request, now + policy_.pending, admitted.starts_app});
  return admitted;
}

std::optional<Answer> LaunchBook::refusal(const LaunchRequest& request, const AppList& apps,
                                          const KeyDigest& digest) const {
  const auto running = current_app(request.client);
  const bool resumes = request.verb == LaunchVerb::resume;
  if (policy_.refuse_plain_rtsp && !request.encrypted_rtsp) {
    return refuse(request, 403, "This host wants encryption; update the client").answer;
  }
  if (resumes && running == 0) return refuse(request, 503, "Nothing is running that could be resumed").answer;
  if (!resumes && apps.find(request.app_id) == nullptr) {
    return refuse(request, 404, "The host has no such application").answer;
  }
  if (!resumes && running != 0 && running != request.app_id) {
    return refuse(request, 400, "Another application is running; quit it first").answer;
  }
  if (running == 0 && running_.size() >= policy_.max_clients) {
    return refuse(request, 503, "Too many clients use this host").answer;
  }
  if (is_used(request, digest))
    return refuse(request, 400, "The client sent a key for the second time").answer;
  const auto of_client = std::ranges::count_if(pending_, [&](const PendingLaunch& each) {
    return each.request.client == request.client && each.request.remote != request.remote;
  });
  if (static_cast<std::size_t>(of_client) >= kMaxPendingOfClient) {
    return refuse(request, 503, "The client has too many launches pending").answer;
  }
  return std::nullopt;
}

// By the same client ever, or by anyone who waits at present: RTSP tells launches apart by their keys.
bool LaunchBook::is_used(const LaunchRequest& request, const KeyDigest& digest) const {
  bool used = std::ranges::any_of(pending_,
                                  [&](const PendingLaunch& each) { return each.request.key == request.key; });
  const auto known = used_.find(request.client);
  if (known == used_.end()) return used;
  for (const auto& each : known->second) {
    used = crypto::equal_in_constant_time(each, digest) || used;
  }
  return used;
}

void LaunchBook::note_key(const crypto::Fingerprint& client, const KeyDigest& digest) {
  auto& digests = used_[client];
  digests.push_back(digest);
  if (digests.size() > kMaxUsedKeys) digests.pop_front();
}

std::vector<LaunchId> LaunchBook::abort(LaunchId id) {
  std::erase_if(pending_, [&](const PendingLaunch& each) { return each.id == id; });
  const auto started =
      std::ranges::find_if(running_, [&](const auto& each) { return each.second.starter == id; });
  return started == running_.end() ? std::vector<LaunchId>{} : end(started->first).launches;
}

// The application that `id` was to start runs, so a later abort() of it takes nothing away.
void LaunchBook::settle(LaunchId id) {
  for (auto& [client, running] : running_) {
    if (running.starter == id) running.starter.reset();
  }
}

bool LaunchBook::start(LaunchId id) {
  const bool was_pending =
      std::erase_if(pending_, [&](const PendingLaunch& each) { return each.id == id; }) != 0;
  if (was_pending) settle(id);
  return was_pending;
}

std::vector<LaunchId> LaunchBook::expire(Timestamp now) {
  std::vector<LaunchId> expired;
  std::erase_if(pending_, [&](const PendingLaunch& each) {
    if (now < each.expires) return false;
    expired.push_back(each.id);
    return true;
  });
  for (const auto id : expired) settle(id);
  return expired;
}

std::optional<Timestamp> LaunchBook::next_deadline() const {
  const auto next = std::ranges::min_element(pending_, {}, &PendingLaunch::expires);
  return next == pending_.end() ? std::nullopt : std::optional{next->expires};
}

std::vector<const PendingLaunch*> LaunchBook::candidates(const IpAddress& remote) const {
  std::vector<const PendingLaunch*> ordered;
  for (const bool own : {true, false}) {
    for (const auto& each : pending_) {
      if ((each.request.remote == remote) == own) ordered.push_back(&each);
    }
  }
  return ordered;
}

const PendingLaunch* LaunchBook::find(LaunchId id) const {
  const auto found = std::ranges::find(pending_, id, &PendingLaunch::id);
  return found == pending_.end() ? nullptr : &*found;
}

std::uint32_t LaunchBook::current_app(const crypto::Fingerprint& client) const {
  const auto found = running_.find(client);
  return found == running_.end() ? 0 : found->second.app_id;
}

// By value: the caller's may lie in what is erased.
LaunchBook::Ended LaunchBook::end(crypto::Fingerprint client) {
  Ended ended{.app_id = current_app(client), .launches = {}};
  running_.erase(client);
  std::erase_if(pending_, [&](const PendingLaunch& each) {
    if (each.request.client != client) return false;
    ended.launches.push_back(each.id);
    return true;
  });
  return ended;
}

}  // namespace lumen::gamestream
