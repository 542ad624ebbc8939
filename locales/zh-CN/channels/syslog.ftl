setting-error-syslog-url = 这不是日志服务器地址，应形如 udp://192.168.1.5:514、tcp://…:601 或 tls://…:6514
channel-kind-syslog = Syslog
channel-about-syslog = 按 RFC 5424 在你的日志服务器里写一行。
field-syslog-url = 日志服务器
field-syslog-url-hint = tls://log.example.org:6514；由 MAIBO_OUTBOUND_ALLOW 放行的可以用 tcp:// 和 udp://。UDP 无法知道是否送达。
field-syslog-facility = Facility
field-syslog-facility-hint = 故障记为 err，恢复记为 notice，测试记为 info。
channel-steps-syslog =
    让日志服务器开始监听：rsyslog 的 imtcp 或 imudp、syslog-ng、Graylog、Loki 等。
    填写它的地址。TCP 和 TLS 使用 octet counting 分帧（RFC 6587）。
    发一条测试消息，在日志里查找 maibo。
