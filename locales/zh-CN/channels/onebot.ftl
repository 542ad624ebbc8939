setting-error-onebot-number = 请填 QQ 号或群号，只含数字
setting-error-onebot-to = 群号和 QQ 号需要填一项
setting-error-onebot-both = 群号和 QQ 号只填一项；都要通知就各建一个通知渠道
setting-error-onebot-mention = `{ $value }` 不是 QQ 号；@all 表示全体成员
channel-kind-onebot = QQ（OneBot）
channel-about-onebot = 通过 NapCat、Lagrange 等 OneBot 11 服务，用自己的 QQ 号发消息。
field-onebot-url = 服务器
field-onebot-url-hint = HTTP 服务器的地址，例如 http://192.168.1.5:3000。内网地址需要由管理员用 MAIBO_OUTBOUND_ALLOW 放行。
field-onebot-token = 访问令牌
field-onebot-token-hint = HTTP 服务器设置了 Token 时填写。
field-onebot-group = 群号
field-onebot-group-hint = 机器人账号须在群里。
field-onebot-user = QQ 号
field-onebot-user-hint = 或者填机器人好友的 QQ 号。
field-onebot-mention = @ 成员
field-onebot-mention-hint = 故障时在群里 @ 谁：QQ 号或 @all。
channel-steps-onebot =
    用一个备用 QQ 号登录 NapCat 或其他 OneBot 11 服务。
    在网络配置里新建「HTTP 服务器」，并设置 Token。
    填写地址、Token 和群号或 QQ 号。
