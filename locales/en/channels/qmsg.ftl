setting-error-qmsg = this is not a Qmsg key; one has 32 letters and digits
setting-error-qmsg-number = `{ $value }` is no QQ number
channel-kind-qmsg = Qmsg (QQ)
channel-about-qmsg = A message into QQ from one of Qmsg's robots.
field-qmsg-key = Key
field-qmsg-key-hint = Or the whole address that Qmsg shows.
field-qmsg-to = To
field-qmsg-to-hint = private: people; group: QQ groups.
field-qmsg-qq = Numbers
field-qmsg-qq-hint = QQ or group numbers, separated by spaces. Empty: all that you added on Qmsg.
field-qmsg-bot = Robot
field-qmsg-bot-hint = The QQ number of a private robot, if you have one.
field-qmsg-url = Server
field-qmsg-url-hint = Only for a gateway of yours in front of Qmsg, which MAIBO_OUTBOUND_ALLOW must cover.
channel-steps-qmsg =
    Sign in at qmsg.zendee.cn with QQ, choose a robot and add it as a friend.
    Add the QQ or group numbers that get messages, and copy the key into the field.
    Qmsg refuses messages with forbidden words.
