setting-error-shell-off = 本服务器没有启用命令渠道；管理员可以用 MAIBO_SHELL_CHANNELS=true 启用
setting-error-shell-one = 此项与「恢复：命令」至少填一项
setting-error-shell-nul = 命令中不能有 NUL 字符
channel-kind-shell = Shell 命令
channel-about-shell = 在运行 Maibo 的机器上执行命令。默认关闭，由管理员启用。
field-shell-command-down = 故障：命令
field-shell-command-down-hint = 由 /bin/sh 执行，内容在环境变量里："$MAIBO_NAME"、"$MAIBO_STATUS"、"$MAIBO_TITLE"、"$MAIBO_TEXT"、"$MAIBO_TAGS"、"$MAIBO_PROJECT"、"$MAIBO_AT"、"$MAIBO_LINK"、"$MAIBO_KEY"、"$MAIBO_EXIT_STATUS"、"$MAIBO_BODY"，请加引号。留空则故障时不通知。
field-shell-command-up = 恢复：命令
field-shell-command-up-hint = 检查恢复时执行。留空则恢复时不通知。
channel-steps-shell =
    管理员用 MAIBO_SHELL_CHANNELS=true 启用命令渠道：能编辑通知渠道的人，就能以 Maibo 的用户身份执行任何操作。
    填写命令。最多运行 20 秒；退出码 0 为成功，其他情况会重试。
    除 PATH、HOME 和 LANG 外，看不到其他环境变量。
