package touchpoint

// A Channel is the way by which somebody came or was reached, such as "Email". Any text
// is a channel; the canonical ones are constants, and cleaning maps their other spellings
// to them.
type Channel string

// The canonical channels: those of Google Analytics 4's default group, and the ways of
// the trade that it does not know.
const (
	ChannelDirect          Channel = "Direct"
	ChannelCrossNetwork    Channel = "Cross-network"
	ChannelPaidShopping    Channel = "Paid Shopping"
	ChannelPaidSearch      Channel = "Paid Search"
	ChannelPaidSocial      Channel = "Paid Social"
	ChannelPaidVideo       Channel = "Paid Video"
	ChannelDisplay         Channel = "Display"
	ChannelPaidOther       Channel = "Paid Other"
	ChannelAIAssistant     Channel = "AI Assistant"
	ChannelOrganicShopping Channel = "Organic Shopping"
	ChannelOrganicSocial   Channel = "Organic Social"
	ChannelOrganicVideo    Channel = "Organic Video"
	ChannelOrganicSearch   Channel = "Organic Search"
	ChannelReferral        Channel = "Referral"
	ChannelEmail           Channel = "Email"
	ChannelAffiliates      Channel = "Affiliates"
	ChannelAudio           Channel = "Audio"
	ChannelSMS             Channel = "SMS"
	ChannelPush            Channel = "Mobile Push Notifications"
	ChannelUnassigned      Channel = "Unassigned"

	ChannelSales        Channel = "Sales"
	ChannelPhone        Channel = "Phone"
	ChannelDirectMail   Channel = "Direct Mail"
	ChannelEvent        Channel = "Event"
	ChannelWebinar      Channel = "Webinar"
	ChannelStore        Channel = "Store"
	ChannelPartner      Channel = "Partner"
	ChannelSupport      Channel = "Support"
	ChannelCommunity    Channel = "Community"
	ChannelSurvey       Channel = "Survey"
	ChannelMessaging    Channel = "Messaging"
	ChannelChat         Channel = "Chat"
	ChannelProduct      Channel = "Product"
	ChannelTVRadio      Channel = "TV & Radio"
	ChannelPrintOutdoor Channel = "Print & Outdoor"
)

// canonicalChannels is every constant above; the test of the table counts them.
var canonicalChannels = []Channel{
	ChannelDirect, ChannelCrossNetwork, ChannelPaidShopping, ChannelPaidSearch, ChannelPaidSocial,
	ChannelPaidVideo, ChannelDisplay, ChannelPaidOther, ChannelAIAssistant, ChannelOrganicShopping,
	ChannelOrganicSocial, ChannelOrganicVideo, ChannelOrganicSearch, ChannelReferral, ChannelEmail,
	ChannelAffiliates, ChannelAudio, ChannelSMS, ChannelPush, ChannelUnassigned,
	ChannelSales, ChannelPhone, ChannelDirectMail, ChannelEvent, ChannelWebinar, ChannelStore,
	ChannelPartner, ChannelSupport, ChannelCommunity, ChannelSurvey, ChannelMessaging, ChannelChat,
	ChannelProduct, ChannelTVRadio, ChannelPrintOutdoor,
}
