setting-error-syslog-url = this is no log server's address; expected udp://192.168.1.5:514, tcp://…:601 or tls://…:6514
channel-kind-syslog = Syslog
channel-about-syslog = A line in your log server, in the form of RFC 5424.
field-syslog-url = Log server
field-syslog-url-hint = tls://log.example.org:6514; or tcp:// and udp:// for one that MAIBO_OUTBOUND_ALLOW covers. Over UDP nobody knows whether a line arrived.
field-syslog-facility = Facility
field-syslog-facility-hint = Down is logged as err, up as notice, a test as info.
channel-steps-syslog =
    Let your log server listen: rsyslog with imtcp or imudp, syslog-ng, Graylog, Loki …
    Type its address. TCP and TLS are framed by octet counting (RFC 6587).
    Send a test and look for a line of maibo.
