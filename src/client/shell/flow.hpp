// client/shell: how a person gets from the list of computers to a stream and back: which screen is shown,
// what is asked of the backends, what their answers lead to. Owner: the main thread. Knows no window.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "client/shell/backend.hpp"
#include "client/shell/pages.hpp"

namespace lumen::client {

// What whoever runs the flow has to do.
struct BeginStream {
  std::unique_ptr<ClientStream> stream;
  HostEntry host;
};
struct KeepSettings {
  Settings settings;
};
struct QuitProgram {};
using FlowAction = std::variant<BeginStream, KeepSettings, QuitProgram>;

class Flow {
 public:
  struct Params {
    std::vector<Backend*> backends;  // outlive the flow; the first one that takes an address gets it
    Settings settings;
    Mode display;  // not valid: unknown
  };
  explicit Flow(Params params);

  // Begins with the list of computers, or, of a host that a person named, with its desktop. Fails when it is
  // no address.
  void open_hosts();
  Status open_host(const std::string& address, const std::string& app);

  void handle(const ScreenInput& input);
  // Takes what the backends have to say. True: the screen may have changed.
  bool poll();
  std::optional<FlowAction> take_action();

  // The stream that began is over; `status` says why, if not because a person left it.
  void stream_over(const Status& status);
  // Something went wrong outside the backends.
  void show_error(std::string what_failed, const Error& error);

  Page page() const;
  ControlId focus() const { return valid_focus(page(), focus_); }
  const Settings& settings() const { return settings_; }
  void set_display(const Mode& display) { display_ = display; }

 private:
  struct Hosts {};
  struct Apps {
    HostEntry host;
    std::vector<AppEntry> apps;
    bool loading = true;
  };
  struct HostMenu {
    HostEntry host;
  };
  struct Address {
    std::string text, problem;
  };
  // A piece of a backend's work that a person waits for.
  struct Connecting {
    HostEntry host;
    std::string app, what;
  };
  struct EnterPin {
    HostEntry host;
    std::string digits;
    bool was_wrong = false;
  };
  struct Pairing {
    HostEntry host;
    std::string pin, words;
    bool confirmed = false;  // the person says that they are the same
  };
  struct Problem {
    std::string what_failed;
    Error error;
    std::function<void()> retry;  // none: nothing to try again
  };
  struct Confirm {
    HostEntry host;
  };
  struct SettingsOpen {};
  using Screen = std::variant<Hosts, Apps, HostMenu, Address, Connecting, EnterPin, Pairing, Problem, Confirm,
                              SettingsOpen>;

  template <class T>
  T* top() {
    return std::get_if<T>(&screens_.back().screen);
  }
  void push(Screen screen);
  void replace(Screen screen);
  void pop();
  void press(ScreenKey key);
  void type(char32_t code_point);
  void edit(char c);
  void erase();
  void choose(ControlId id);
  void choose_host(std::size_t index);
  void options();
  void back();

  Backend& backend_of(const HostEntry& host) const;
  RequestId ask() { return request_ = next_request_++; }
  void cancel_request();
  void search();
  void list_apps(const HostEntry& host);
  void start(const HostEntry& host, const std::string& app);
  // `then`: the application to start once paired; none: list what there is.
  bool start_by_another(const HostEntry& host, const std::string& app);
  void pair(const HostEntry& host, std::optional<std::string> then);
  void end_app(const HostEntry& host);
  void forget(const HostEntry& host);
  void submit();
  void leave_waiting();

  void on(HostsFound& event);
  void on(AppsFound& event);
  void on(TypeAtHost& event);
  void on(AskForPin& event);
  void on(CompareWords& event);
  void on(Paired& event);
  void on(Progress& event);
  void on(StreamStarted& event);
  void on(Done& event);
  void on(Failed& event);
  void merge_hosts();
  void change(Settings settings);

  struct Level {
    Screen screen;
    ControlId focus = 0;  // while another one is above it
  };
  std::vector<Backend*> backends_;
  Settings settings_;
  std::string named_;  // address that a person named, as the backend that is tried writes it
  Mode display_;
  std::vector<Level> screens_;
  ControlId focus_ = 0;
  std::map<RequestId, std::vector<HostEntry>> found_;  // of the discoveries that run or ran last
  std::map<RequestId, Backend*> searches_;             // that run
  std::vector<HostEntry> hosts_;
  RequestId next_request_ = 1, request_ = 0;  // request_: what a person waits for; 0: nothing
  Backend* request_backend_ = nullptr;
  std::optional<std::string> after_pairing_;
  std::deque<FlowAction> actions_;
};

}  // namespace lumen::client
