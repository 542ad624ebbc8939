channel-kind-gotify = Gotify
channel-about-gotify = 通过你自己的 Gotify 服务器推送。
field-gotify-url = 服务器
field-gotify-url-hint = 你的 Gotify 地址，例如 https://push.example.org。
field-gotify-token = 应用令牌
field-gotify-token-hint = 在 Gotify 中：应用 → 新建应用，复制它的令牌。留空则取上面地址中 token= 后面的部分。
channel-steps-gotify =
    用浏览器打开并登录你的 Gotify 服务器。
    应用 → 新建应用，取名 Maibo。
    把显示的令牌和服务器地址填到这里。
