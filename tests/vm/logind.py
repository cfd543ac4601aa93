#!/usr/bin/python3
"""As much of org.freedesktop.login1 as a compositor wants that opens its GPU through it: one seat with one
session, whose devices are opened for whoever asks. For a guest in which everybody is root. Says "ready"."""

import os
import sys

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

LOGIN = "org.freedesktop.login1"
PROPERTIES = "org.freedesktop.DBus.Properties"
SEAT_PATH = "/org/freedesktop/login1/seat/seat0"
SESSION_PATH = "/org/freedesktop/login1/session/c1"
DEVICE_FOLDERS = ("/dev/dri", "/dev/input")


def device_node(major, minor):
    for folder in DEVICE_FOLDERS:
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            path = os.path.join(folder, name)
            if os.stat(path).st_rdev == os.makedev(major, minor):
                return path
    raise dbus.DBusException(f"no device {major}:{minor}", name=LOGIN + ".NoSuchDevice")


def struct(*values):
    return dbus.Struct(values)


class WithProperties(dbus.service.Object):
    values = {}

    @dbus.service.method(PROPERTIES, in_signature="ss", out_signature="v")
    def Get(self, _interface, name):
        return self.values[name]

    @dbus.service.method(PROPERTIES, in_signature="s", out_signature="a{sv}")
    def GetAll(self, _interface):
        return self.values


class Manager(WithProperties):
    values = {"Docked": False, "IdleHint": False, "PreparingForSleep": False}
    interface = LOGIN + ".Manager"

    @dbus.service.method(interface, in_signature="s", out_signature="o")
    def GetSession(self, _name):
        return dbus.ObjectPath(SESSION_PATH)

    @dbus.service.method(interface, in_signature="u", out_signature="o")
    def GetSessionByPID(self, _pid):
        return dbus.ObjectPath(SESSION_PATH)

    @dbus.service.method(interface, out_signature="a(susso)")
    def ListSessions(self):
        return [struct("c1", dbus.UInt32(0), "root", "seat0", dbus.ObjectPath(SESSION_PATH))]

    @dbus.service.method(interface, in_signature="ssss", out_signature="h")
    def Inhibit(self, _what, _who, _why, _mode):
        held, given = os.pipe()
        os.close(held)
        descriptor = dbus.types.UnixFd(given)
        os.close(given)
        return descriptor


class Session(WithProperties):
    interface = LOGIN + ".Session"
    values = {
        "Id": "c1",
        "Name": "root",
        "Type": "wayland",
        "Class": "user",
        "State": "active",
        "Active": True,
        "Remote": False,
        "LockedHint": False,
        "IdleHint": False,
        "VTNr": dbus.UInt32(1),
        "Seat": struct("seat0", dbus.ObjectPath(SEAT_PATH)),
        "User": struct(dbus.UInt32(0), dbus.ObjectPath("/org/freedesktop/login1/user/_0")),
    }

    @dbus.service.method(interface, in_signature="uu", out_signature="hb")
    def TakeDevice(self, major, minor):
        opened = os.open(device_node(int(major), int(minor)), os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        descriptor = dbus.types.UnixFd(opened)
        os.close(opened)
        return descriptor, False

    @dbus.service.method(interface, in_signature="b")
    def TakeControl(self, _force):
        pass

    @dbus.service.method(interface)
    def ReleaseControl(self):
        pass

    @dbus.service.method(interface)
    def Activate(self):
        pass

    @dbus.service.method(interface, in_signature="s")
    def SetType(self, _type):
        pass

    @dbus.service.method(interface, in_signature="uu")
    def ReleaseDevice(self, _major, _minor):
        pass

    @dbus.service.method(interface, in_signature="uu")
    def PauseDeviceComplete(self, _major, _minor):
        pass

    @dbus.service.method(interface, in_signature="b")
    def SetLockedHint(self, _locked):
        pass


class Seat(WithProperties):
    values = {
        "Id": "seat0",
        "CanGraphical": True,
        "CanTTY": True,
        "ActiveSession": struct("c1", dbus.ObjectPath(SESSION_PATH)),
    }

    @dbus.service.method(LOGIN + ".Seat", in_signature="u")
    def SwitchTo(self, _terminal):
        pass


def main():
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    bus = dbus.bus.BusConnection(os.environ["DBUS_SYSTEM_BUS_ADDRESS"])
    name = dbus.service.BusName(LOGIN, bus)
    objects = [Manager(bus, "/org/freedesktop/login1"), Session(bus, SESSION_PATH), Seat(bus, SEAT_PATH)]
    print("ready", flush=True)
    GLib.MainLoop().run()
    return name, objects  # which the bus wants to stay alive


if __name__ == "__main__":
    sys.exit(main() is None)
