setting-error-qmsg = 这不是 Qmsg 的 KEY；KEY 由 32 位字母和数字组成
setting-error-qmsg-number = `{ $value }` 不是 QQ 号
channel-kind-qmsg = Qmsg酱（QQ）
channel-about-qmsg = 由 Qmsg酱 的机器人把消息发到 QQ。
field-qmsg-key = KEY
field-qmsg-key-hint = 也可以填 Qmsg酱 给出的完整地址。
field-qmsg-to = 发给
field-qmsg-to-hint = private：私聊；group：QQ 群。
field-qmsg-qq = 号码
field-qmsg-qq-hint = QQ 号或群号，用空格分隔。留空则发给在 Qmsg酱 添加的所有号码。
field-qmsg-bot = 机器人
field-qmsg-bot-hint = 有私有云机器人时填它的 QQ 号。
field-qmsg-url = 接口地址
field-qmsg-url-hint = 只在自建网关转发 Qmsg酱 时填写，须由 MAIBO_OUTBOUND_ALLOW 放行。
channel-steps-qmsg =
    用 QQ 登录 qmsg.zendee.cn，选一个机器人并加为好友。
    添加接收消息的 QQ 号或群号，把 KEY 复制到这里。
    含违禁词的消息会被 Qmsg酱 拒收。
