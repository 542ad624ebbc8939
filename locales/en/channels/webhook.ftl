channel-kind-webhook = Webhook
channel-about-webhook = A request to any address of yours, with the details filled in.
field-webhook-url-down = Down: URL
field-webhook-url-down-hint = Filled in: $CODE $STATUS $NOW $NAME $NAME_JSON $SLUG $TAGS $TAG1 … $JSON $EXITSTATUS, and in bodies $BODY $BODY_JSON. Empty: silent for this side.
field-webhook-method-down = Down: method
field-webhook-method-down-hint = GET sends no body.
field-webhook-headers-down = Down: headers
field-webhook-headers-down-hint = One per line, Name: value.
field-webhook-body-down = Down: body
field-webhook-body-down-hint = $NAME_JSON, $JSON and $BODY_JSON are quoted for JSON.
field-webhook-url-up = Up: URL
field-webhook-url-up-hint = Called when a check is back. Empty: silent for this side.
field-webhook-method-up = Up: method
field-webhook-method-up-hint = GET sends no body.
field-webhook-headers-up = Up: headers
field-webhook-headers-up-hint = One per line, Name: value.
field-webhook-body-up = Up: body
field-webhook-body-up-hint = The same placeholders as for down.
channel-steps-webhook =
    Type the address that is called when a check goes down, and the one for when it is back; the same one will do.
    Add headers and a body where the other side wants them. Words like $NAME and $STATUS are filled in.
