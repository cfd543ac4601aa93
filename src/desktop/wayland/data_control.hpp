// lumen/desktop/wayland: the clipboard of a compositor that offers wlr-data-control (sway and its kin, KWin):
// without a window, without the focus.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.hpp"
#include "base/text_pipes.hpp"
#include "desktop/wayland/connection.hpp"
#include "interface/clipboard.hpp"

struct zwlr_data_control_device_v1;
struct zwlr_data_control_manager_v1;
struct zwlr_data_control_offer_v1;
struct zwlr_data_control_source_v1;

namespace lumen::wayland {

// Owner: the connection's thread. Destroyed before the connection.
class DataControl final : public Clipboard {
 public:
  // nullptr: the compositor does not offer it. What it says first of the selection is to be let in (by a
  // roundtrip) before watch(): it was copied before.
  static std::unique_ptr<DataControl> create(WaylandConnection& connection, EventLoop& loop);
  DataControl(const DataControl&) = delete;
  DataControl& operator=(const DataControl&) = delete;
  ~DataControl() override = default;

  void watch(std::function<void(std::string)> on_text) override;
  Status set_text(std::string_view utf8) override;

 private:
  struct Listeners;
  using Source = Proxy<zwlr_data_control_source_v1>;
  struct Offer {
    Proxy<zwlr_data_control_offer_v1> proxy;
    std::vector<std::string> types;  // those that mean something to us
  };
  DataControl(WaylandConnection& connection, EventLoop& loop)
      : connection_{connection}, loop_{loop}, writers_{loop} {}
  void on_offer(zwlr_data_control_offer_v1* proxy);
  void on_type(const zwlr_data_control_offer_v1* proxy, const char* type);
  void on_selection(const zwlr_data_control_offer_v1* proxy);
  void read(const Offer& offer, const char* type);
  void forget(const zwlr_data_control_offer_v1* proxy);
  Offer* find(const zwlr_data_control_offer_v1* proxy);

  WaylandConnection& connection_;
  EventLoop& loop_;
  Proxy<wl_seat> seat_;
  Proxy<zwlr_data_control_manager_v1> manager_;
  Proxy<zwlr_data_control_device_v1> device_;
  std::vector<Offer> offers_;
  Source source_;  // ours, while it is the selection
  std::shared_ptr<const std::string> text_;
  std::function<void(std::string)> on_text_;
  std::unique_ptr<TextReader> reader_;
  TextWriters writers_;
};

}  // namespace lumen::wayland
