#include "gamestream/http/http_api.hpp"

#include <algorithm>

#include "gamestream/http/text.hpp"

namespace lumen::gamestream {
namespace {

constexpr std::size_t kMaxUniqueIdBytes = 64;

struct Target {
  std::string_view path, query;
};

Target split(std::string_view target) {
  const auto mark = std::min(target.find('?'), target.size());
  return {target.substr(0, mark), target.substr(std::min(mark + 1, target.size()))};
}

Answer unauthorized() { return error_answer(401, "The client is not paired with this host"); }
Answer not_found() { return error_answer(404, "There is no such resource"); }

// nullopt: missing or unfit.
std::optional<std::string> unique_id_of(const Query& query) {
  const auto id = query.find("uniqueid");
  if (!id || id->empty() || id->size() > kMaxUniqueIdBytes || clean_utf8(*id) != *id) return std::nullopt;
  return std::string{*id};
}

// What all C clients send instead of a name.
std::string device_name_of(const Query& query) {
  const auto name = display_name(query.find("devicename").value_or(""), kMaxClientNameBytes);
  return name == "roth" ? std::string{} : name;
}

Routed route_pair(const HttpRequest& request, std::string_view text) {
  const auto query = Query::parse(text);
  if (!query) return pair_refusal(400, query.error().what);
  auto id = unique_id_of(*query);
  if (!id) return pair_refusal(400, "The client sent no uniqueid");
  // Over HTTPS only the authorised come this far, so that is all there is to prove.
  if (query->find("phrase") == "pairchallenge") {
    return request.scheme == Scheme::https ? pair_success() : pair_refusal(200);
  }
  auto phase = parse_pairing_phase(*query);
  if (!phase) return pair_refusal(404, "The request is no phase of pairing");
  return PairRequest{request.remote, *std::move(id), device_name_of(*query), *std::move(phase)};
}

Routed route_unpair(const HttpRequest& request, std::string_view text) {
  const auto query = Query::parse(text);
  auto id = query ? unique_id_of(*query) : std::nullopt;
  if (!id) return unpair_answer();
  return UnpairRequest{request.remote, *std::move(id)};
}

Routed route_launch(const HttpRequest& request, LaunchVerb verb, std::string_view text) {
  const auto query = Query::parse(text);
  if (!query) return launch_refusal(verb, 400, query.error().what);
  auto parsed = parse_launch(verb, *query);
  if (auto* const refusal = std::get_if<Answer>(&parsed)) return std::move(*refusal);
  auto& launch = std::get<LaunchRequest>(parsed);
  launch.client = *request.client;
  launch.local = request.local;
  launch.remote = request.remote;
  return std::move(launch);
}

Routed route_asset(const HttpRequest& request, std::string_view text) {
  const auto query = Query::parse(text);
  const auto id = query ? query->find("appid") : std::nullopt;
  return AppAssetRequest{*request.client, id ? parse_decimal<std::uint32_t>(*id).value_or(0) : 0};
}

// What only paired clients may ask for; `request.client` is one of them.
Routed route_paired(const HttpRequest& request, const Target& target) {
  if (target.path == "/applist") return AppListRequest{*request.client};
  if (target.path == "/appasset") return route_asset(request, target.query);
  if (target.path == "/launch") return route_launch(request, LaunchVerb::launch, target.query);
  if (target.path == "/resume") return route_launch(request, LaunchVerb::resume, target.query);
  if (target.path == "/cancel") return CancelRequest{*request.client};
  return not_found();
}

}  // namespace

Routed HttpApi::route(const HttpRequest& request) const {
  const bool secure = request.scheme == Scheme::https;
  if (secure && !(request.client && paired_.allows(*request.client))) return unauthorized();
  if (request.method != "GET") return xml_answer(XmlWriter{405, "Only GET is allowed"}, 405);
  const auto target = split(request.target);
  if (target.path == "/serverinfo") {
    return ServerInfoRequest{secure ? request.client : std::nullopt, request.local};
  }
  if (target.path == "/pair") return route_pair(request, target.query);
  if (target.path == "/unpair") return route_unpair(request, target.query);
  return secure ? route_paired(request, target) : not_found();
}

}  // namespace lumen::gamestream
