setting-error-bark = 这既不是设备 key，也不是 Bark 里显示的地址
channel-kind-bark = Bark
channel-about-bark = 推送到你的 iPhone。
field-bark-key = 设备 key
field-bark-key-hint = 也可以填 App 里显示的完整地址，https://api.day.app/…。
field-bark-url = 服务器
field-bark-url-hint = 只在自建 Bark 服务器时填写。
field-bark-level = 中断级别
field-bark-level-hint = timeSensitive 可在专注模式下显示，critical 在静音时也会响。恢复通知总是 active。
field-bark-sound = 铃声
field-bark-sound-hint = Bark 的铃声名，例如 alarm。
field-bark-group = 分组
field-bark-group-hint = 通知的分组；留空为 Maibo。
channel-steps-bark =
    在 App Store 安装 Bark 并允许通知。
    把 App 里显示的地址复制到这里。
    要用重要警告（critical），请在 iPhone 的设置里为 Bark 打开「重要警告」。
