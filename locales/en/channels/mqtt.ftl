setting-error-mqtt-url = this is no broker's address; expected mqtts://broker.example.org or mqtt://192.168.1.5:1883
setting-error-mqtt-topic = `{ $value }` is no topic: no #, no + and at most 200 bytes
channel-kind-mqtt = MQTT
channel-about-mqtt = Events and the state of each check, for home automation and machines.
field-mqtt-url = Broker
field-mqtt-url-hint = mqtts://broker.example.org, or mqtt://… for one that MAIBO_OUTBOUND_ALLOW covers.
field-mqtt-username = User
field-mqtt-username-hint = Where the broker asks for one.
field-mqtt-password = Password
field-mqtt-password-hint = The password of that user.
field-mqtt-topic = Topic
field-mqtt-topic-hint = Empty: maibo. Below it, each check has …/event with what happened as JSON, and …/state with up or down, which the broker keeps.
channel-steps-mqtt =
    Make a user for Maibo on your broker, which may write below the topic.
    Type the broker's address, the user and the password.
    Each check is known by an id of its own below the topic, which stands in the JSON too.
