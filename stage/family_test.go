package stage_test

import (
	"strings"
	"testing"

	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

// kindsOfFamilies is the table of the specification, typed a second time.
const kindsOfFamilies = `
exposure: impression email_sent email_delivered email_open push_sent message_sent letter broadcast ad_impression direct_mail
visit: click visit pageview screen install page_view screen_view session_start ad_click
reply: email_click email_reply push_open message_received chat mention message_reply social_comment
content: download video_play video_complete podcast content_view content_download docs_page case_study
live: webinar_registered webinar_attended event_registered event_attended event_visit
optin: subscribe newsletter_signup
lead: form lead signup contact_form form_submit lead_created
product: product_view search price_page compare wishlist_add
cart: cart checkout add_to_cart cart_add begin_checkout checkout_start
hand_raise: trial_start demo_request quote_request contact_sales
call: call call_connected
sales: meeting demo store_visit site_visit
mql: lead_qualified mql
sal: lead_accepted sal
sql: sales_qualified sql
deal: opportunity deal_created opportunity_created
proposal: proposal quote contract_sent
purchase: order contract purchase order_completed order_placed subscription_start deal_won
onboarding: onboarding_start onboarding_step kickoff
activation: onboarding_complete activated
use: login app_open product_use feature_use
support: ticket_opened ticket_replied complaint support_ticket support_call
renewal: renewal upgrade subscription_renewal subscription_upgrade
advocacy: review share referral_made referral testimonial invite
lost: deal_lost lead_disqualified
recycle: lead_recycled
pause: deal_paused lead_dormant
reopen: deal_reopened
reversal: refund return order_cancelled
downgrade: downgrade subscription_downgrade
cancel: churn subscription_cancel`

func TestEveryKindIsInOneFamily(t *testing.T) {
	seen := map[string]bool{}
	for line := range strings.Lines(strings.TrimSpace(kindsOfFamilies)) {
		family, kinds, _ := strings.Cut(strings.TrimSpace(line), ": ")
		for _, k := range strings.Fields(kinds) {
			if seen[k] {
				t.Error(k, "is in two families")
			}
			seen[k] = true
			if got := stage.Family(touchpoint.Kind(k)); got != family {
				t.Errorf("%s is in %q, want %s", k, got, family)
			}
		}
	}
	if len(seen) != 125 {
		t.Error(len(seen), "kinds")
	}
	for _, k := range []touchpoint.Kind{"event", "survey_answer", "email_bounce", "unsubscribe", "stage_change", "identify", "logout", "", "zzz"} {
		if f := stage.Family(k); f != "" {
			t.Error(k, "is in", f)
		}
	}
	for _, k := range []touchpoint.Kind{"Page View", "page-view", "PAGE.VIEW"} {
		if stage.Family(k) != "visit" {
			t.Error(k, "is no visit")
		}
	}
}
