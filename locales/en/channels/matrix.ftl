channel-kind-matrix = Matrix
channel-about-matrix = A message into a Matrix room, from a bot of yours. The room must not be encrypted.
field-matrix-url = Homeserver
field-matrix-url-hint = In Element: Settings → Help & About → Homeserver is, for example https://matrix-client.matrix.org.
field-matrix-token = Access token
field-matrix-token-hint = The bot's: in Element, Settings → Help & About → Access Token.
field-matrix-room = Room
field-matrix-room-hint = !id:example.org or #alias:example.org, or a link to the room.
field-matrix-mention = Call when down
field-matrix-mention-hint = @ann:example.org, or room for everybody, separated by spaces.
channel-steps-matrix =
    Register an account for the bot and sign in with it, for example in a private window of Element.
    Copy its access token and the homeserver's address into the fields. Close the window without signing out: that would end the token.
    Invite the bot into the room; it joins by itself. The room must not be encrypted.
setting-error-matrix-room = give a room's ID (!id:example.org) or an alias (#alias:example.org); an ID is in the room's settings under Advanced
setting-error-matrix-mention = `{ $value }` is neither room nor a person's address such as @ann:example.org
