setting-error-shell-off = commands are off on this server; its operator can allow them with MAIBO_SHELL_CHANNELS=true
setting-error-shell-one = at least one of the two commands is needed, for down or for up
setting-error-shell-nul = a command holds no NUL character
channel-kind-shell = Shell command
channel-about-shell = Runs a command on the machine that Maibo runs on. Off unless the operator allows it.
field-shell-command-down = Down: command
field-shell-command-down-hint = Run by /bin/sh. What happened is in variables: "$MAIBO_NAME", "$MAIBO_STATUS", "$MAIBO_TITLE", "$MAIBO_TEXT", "$MAIBO_TAGS", "$MAIBO_PROJECT", "$MAIBO_AT", "$MAIBO_LINK", "$MAIBO_KEY", "$MAIBO_EXIT_STATUS", "$MAIBO_BODY". Put them in quotes. Empty: silent for this side.
field-shell-command-up = Up: command
field-shell-command-up-hint = Run when a check is back. Empty: silent for this side.
channel-steps-shell =
    The operator allows commands with MAIBO_SHELL_CHANNELS=true: whoever may edit channels can then do what Maibo's user can do.
    Type the command. It gets 20 seconds; exit status 0 is success, anything else is tried again.
    It sees no other variables than PATH, HOME and LANG.
