setting-error-mqtt-url = 这不是 MQTT 服务器地址，应形如 mqtts://broker.example.org 或 mqtt://192.168.1.5:1883
setting-error-mqtt-topic = `{ $value }` 不能用作主题：不能含 # 和 +，最多 200 字节
channel-kind-mqtt = MQTT
channel-about-mqtt = 把事件和每个检查的状态发给智能家居和各种设备。
field-mqtt-url = 服务器
field-mqtt-url-hint = mqtts://broker.example.org；由 MAIBO_OUTBOUND_ALLOW 放行的可以用 mqtt://…。
field-mqtt-username = 用户名
field-mqtt-username-hint = 服务器要求时填写。
field-mqtt-password = 密码
field-mqtt-password-hint = 该用户的密码。
field-mqtt-topic = 主题
field-mqtt-topic-hint = 留空即 maibo。每个检查在它下面有 …/event（事件，JSON）和 …/state（up 或 down，由服务器保留）。
channel-steps-mqtt =
    在 MQTT 服务器上为 Maibo 建一个用户，允许写入该主题。
    填写服务器地址、用户名和密码。
    每个检查在主题下有自己的 ID，JSON 里也带有这个 ID。
