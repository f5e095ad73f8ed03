package segment

import (
	"strings"

	"github.com/tabi-go/tabi/touchpoint"
)

// names are the events of Segment's specification that are a kind of ours. Others are
// of kind event.
var names = map[string]touchpoint.Kind{
	"Order Completed": touchpoint.KindOrder, "Order Refunded": touchpoint.KindRefund,
	"Order Cancelled":  touchpoint.KindOrderCancelled,
	"Checkout Started": touchpoint.KindCheckout, "Viewed Checkout Step": touchpoint.KindCheckout,
	"Product Viewed": touchpoint.KindProductView, "Product Added": touchpoint.KindCart,
	"Products Searched": touchpoint.KindSearch,
	"Product Shared":    touchpoint.KindShare, "Product Reviewed": touchpoint.KindReview,
	"Promotion Viewed": touchpoint.KindImpression, "Promotion Clicked": touchpoint.KindClick,

	"Signed Up": touchpoint.KindSignup, "Account Created": touchpoint.KindSignup,
	"Signed In": touchpoint.KindLogin, "Signed Out": touchpoint.KindLogout,
	"Trial Started": touchpoint.KindTrialStart, "Trial Ended": touchpoint.KindTrialEnd,
	"Invite Sent":        touchpoint.KindReferralMade,
	"Account Added User": touchpoint.KindGroup, "Account Removed User": touchpoint.KindGroup,
	"Account Deleted": touchpoint.KindChurn,

	"Email Delivered": touchpoint.KindEmailDelivered, "Email Opened": touchpoint.KindEmailOpen,
	"Email Link Clicked": touchpoint.KindEmailClick, "Email Bounced": touchpoint.KindEmailBounce,
	"Email Marked as Spam": touchpoint.KindEmailSpam, "Unsubscribed": touchpoint.KindUnsubscribe,
	"Push Notification Received": touchpoint.KindPushSent, "Push Notification Tapped": touchpoint.KindPushOpen,
	"Push Notification Bounced":      touchpoint.KindSystem,
	"Live Chat Conversation Started": touchpoint.KindChat,
	// Sent and received are the visitor's view there, and ours here.
	"Live Chat Message Sent":     touchpoint.KindMessageReceived,
	"Live Chat Message Received": touchpoint.KindMessageSent,

	"Application Installed": touchpoint.KindInstall, "Application Opened": touchpoint.KindAppOpen,
	"Application Backgrounded": touchpoint.KindSystem, "Application Crashed": touchpoint.KindSystem,
	"Application Updated": touchpoint.KindSystem, "Application Uninstalled": touchpoint.KindSystem,
	"Install Attributed":     touchpoint.KindInstall,
	"Video Playback Started": touchpoint.KindVideoPlay, "Video Playback Completed": touchpoint.KindVideoComplete,
}

// events are names folded, in both word orders: with the last word in front, and with
// the first word behind.
var events = func() map[string]touchpoint.Kind {
	m := make(map[string]touchpoint.Kind, 3*len(names))
	for name, kind := range names {
		words := strings.Fields(foldEvent(name))
		last := len(words) - 1
		for _, order := range [][]string{words, append([]string{words[last]}, words[:last]...), append(words[1:last+1:last+1], words[0])} {
			m[strings.Join(order, " ")] = kind
		}
	}
	return m
}()

// foldEvent is what names of events are compared by.
func foldEvent(name string) string {
	return touchpoint.Fold(strings.ReplaceAll(name, "_", " "))
}

// kind returns the kind of a track event.
func (d *Decoder) kind(event string) touchpoint.Kind {
	name := foldEvent(event)
	if k, ok := d.events[name]; ok {
		return k
	}
	if k, ok := events[name]; ok {
		return k
	}
	if strings.HasPrefix(name, "video ") {
		return touchpoint.KindSystem // pauses, seeks, buffers, advertisements inside of a video
	}
	return touchpoint.KindEvent
}

// maxKinds is how many names of events one input is remembered by.
const maxKinds = 1000

// kind returns the kind of a track event. Names recur, so that each is folded once.
func (m *message) kind(event string) touchpoint.Kind {
	k, ok := m.kinds[event]
	if !ok {
		k = m.d.kind(event)
		if len(m.kinds) < maxKinds {
			m.kinds[strings.Clone(event)] = k // the message does not outlive the next one
		}
	}
	return k
}
