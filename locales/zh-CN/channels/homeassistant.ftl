setting-error-homeassistant-one = Webhook 和通知服务填其中一项
setting-error-homeassistant-host = 这个地址不在上面填写的服务器 { $value } 上，两处应为同一服务器
setting-error-homeassistant-webhook = 这不是 Webhook ID；它由字母、数字、- 和 _ 组成
setting-error-homeassistant-service = `{ $value }` 不是服务名；应形如 mobile_app_my_phone
channel-kind-homeassistant = Home Assistant
channel-about-homeassistant = 触发自动化，或通过手机应用通知。
field-homeassistant-url = 服务器
field-homeassistant-url-hint = 你的 Home Assistant 地址，例如 http://homeassistant.local:8123；内网地址须由 MAIBO_OUTBOUND_ALLOW 放行。也可以填完整的 Webhook 地址。
field-homeassistant-webhook = Webhook ID
field-homeassistant-webhook-hint = 自动化的 Webhook 触发器 ID。Home Assistant 不会告知它是否存在，请发一条测试消息确认。
field-homeassistant-service = 或通知服务
field-homeassistant-service-hint = notify. 后面的部分，例如 mobile_app_my_phone；或 persistent_notification。
field-homeassistant-token = 访问令牌
field-homeassistant-token-hint = 仅通知服务需要：长期访问令牌。
channel-steps-homeassistant =
    触发自动化：设置 → 自动化 → 创建，触发器选 Webhook，复制它的 ID。触发器默认仅限本地网络，请确认 Maibo 能访问到。
    通知手机：个人资料 → 安全 → 长期访问令牌 → 创建令牌；再填通知服务的名称。
    自动化会收到 JSON：status（down、up、test）、name、project、tags、title、message、at 和 url。
