field-shared-proxy = Proxy
field-shared-proxy-hint = Only when the way out needs one: http://, https://, socks5:// or socks5h://, with user:password@ where it asks for them. One on a private address must be covered by MAIBO_OUTBOUND_ALLOW. The proxy resolves names, but for socks5://, and one that leads to a private address here is refused all the same.
setting-error-proxy = this is no proxy's address; expected something like http://user:password@proxy.example.org:3128 or socks5h://127.0.0.1:1080
setting-error-plain = an unencrypted connection is accepted only for addresses that MAIBO_OUTBOUND_ALLOW covers; use TLS
