"""The HTTP side of a GameStream client, with the identity of the stock one: its client.pem and key.pem."""

import http.client
import secrets
import ssl
import urllib.parse
import uuid
import xml.etree.ElementTree as xml

UNIQUE_ID = "0123456789ABCDEF"
# What the stock client sends: channel mask and count.
SURROUND_INFO = {2: 0x3 << 16 | 2, 6: 0x3F << 16 | 6, 8: 0x63F << 16 | 8}


class Refused(Exception):
    """The host answered, but not with success."""


class Host:
    def __init__(self, address, port, key_directory, timeout=20.0):
        self.address, self.port, self.timeout = address, port, timeout
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE
        self.context.load_cert_chain(f"{key_directory}/client.pem", f"{key_directory}/key.pem")
        self.https_port = int(self.get("serverinfo", tls=False).findtext("HttpsPort") or 47984)

    def get(self, path, tls=True, **parameters):
        """The root element of the answer; raises Refused unless its status is 200."""
        query = urllib.parse.urlencode({"uniqueid": UNIQUE_ID, "uuid": uuid.uuid4(), **parameters})
        if tls:
            connection = http.client.HTTPSConnection(self.address, self.https_port, timeout=self.timeout,
                                                     context=self.context)
        else:
            connection = http.client.HTTPConnection(self.address, self.port, timeout=self.timeout)
        try:
            connection.request("GET", f"/{path}?{query}")
            root = xml.fromstring(connection.getresponse().read())
        finally:
            connection.close()
        if root.get("status_code") != "200":
            raise Refused(f"/{path}: {root.get('status_code')} {root.get('status_message', '')}")
        return root

    def server_info(self):
        return self.get("serverinfo")

    def running_app(self):
        info = self.server_info()
        return int(info.findtext("currentgame") or 0) if info.findtext("state", "").endswith("_SERVER_BUSY") else 0

    def apps(self):
        return {app.findtext("AppTitle"): int(app.findtext("ID")) for app in self.get("applist").iter("App")}

    def start(self, app_id, mode, channels, hdr=False):
        """Launches, or resumes when something runs. Returns what moonlight_probe wants to know, as KEY=VALUE."""
        info = self.server_info()
        key, key_id = secrets.token_bytes(16), secrets.randbits(31)
        verb = "resume" if self.running_app() else "launch"
        extra = {"hdrMode": 1, "clientHdrCapVersion": 0} if hdr else {}
        root = self.get(verb, appid=app_id, mode=mode, additionalStates=1, sops=1, rikey=key.hex(), rikeyid=key_id,
                        localAudioPlayMode=0, surroundAudioInfo=SURROUND_INFO[channels], remoteControllersBitmap=0,
                        gcmap=0, corever=1, **extra)
        if root.findtext("gamesession" if verb == "launch" else "resume", "0") == "0":
            raise Refused(f"/{verb}: no session")
        return {"address": self.address, "rtsp": root.findtext("sessionUrl0"), "key": key.hex(), "key_id": key_id,
                "app_version": info.findtext("appversion"), "gfe_version": info.findtext("GfeVersion") or "",
                "codec_support": info.findtext("ServerCodecModeSupport") or "0"}

    def cancel(self):
        return self.get("cancel")
