field-shared-proxy = 代理
field-shared-proxy-hint = 需要经代理才能访问对方时填写：http://、https://、socks5:// 或 socks5h://，要认证时写成 用户:密码@主机。内网代理须由 MAIBO_OUTBOUND_ALLOW 放行。域名由代理解析（socks5:// 除外）；在本机解析为内网地址的仍会拒绝。
setting-error-proxy = 这不是代理地址，应形如 http://用户:密码@proxy.example.org:3128 或 socks5h://127.0.0.1:1080
setting-error-plain = 只有 MAIBO_OUTBOUND_ALLOW 放行的地址才能用不加密的连接，请改用 TLS
