package touchpoint

// A Class groups kinds by what they mean for a journey.
type Class uint8

// The classes of kinds.
const (
	Exposure   Class = iota + 1 // we showed or sent something; nobody need have noticed
	Contact                     // a contact between the person and us
	Conversion                  // a contact that closes business
	Reversal                    // business taken back
	Feedback                    // an opinion
	Record                      // evidence about identity, stage or traits; no step of a journey
)

// String returns the class in lower case, "" for an unknown one.
func (c Class) String() string {
	switch c {
	case Exposure:
		return "exposure"
	case Contact:
		return "contact"
	case Conversion:
		return "conversion"
	case Reversal:
		return "reversal"
	case Feedback:
		return "feedback"
	case Record:
		return "record"
	}
	return ""
}

// A Kind says what happened, such as "pageview" or "order"; see [Kind.Info] for the
// closed table of known kinds. Other names matching [a-z][a-z0-9_]{0,63} are allowed.
type Kind string

// The known kinds.
const (
	KindImpression        Kind = "impression"
	KindEmailSent         Kind = "email_sent"
	KindEmailDelivered    Kind = "email_delivered"
	KindEmailOpen         Kind = "email_open"
	KindPushSent          Kind = "push_sent"
	KindMessageSent       Kind = "message_sent"
	KindLetter            Kind = "letter"
	KindBroadcast         Kind = "broadcast" // TV, radio, print, outdoor
	KindVisit             Kind = "visit"
	KindPageview          Kind = "pageview"
	KindScreen            Kind = "screen"
	KindSearch            Kind = "search"
	KindDownload          Kind = "download"
	KindProductView       Kind = "product_view"
	KindCart              Kind = "cart"
	KindCheckout          Kind = "checkout"
	KindVideoPlay         Kind = "video_play"
	KindVideoComplete     Kind = "video_complete"
	KindInstall           Kind = "install"
	KindAppOpen           Kind = "app_open"
	KindEvent             Kind = "event"
	KindClick             Kind = "click" // on an ad
	KindForm              Kind = "form"
	KindLead              Kind = "lead"
	KindSignup            Kind = "signup"
	KindLogin             Kind = "login"
	KindLogout            Kind = "logout"
	KindTrialStart        Kind = "trial_start"
	KindTrialEnd          Kind = "trial_end"
	KindSubscribe         Kind = "subscribe"
	KindEmailClick        Kind = "email_click"
	KindEmailReply        Kind = "email_reply"
	KindPushOpen          Kind = "push_open"
	KindMessageReceived   Kind = "message_received"
	KindChat              Kind = "chat"
	KindEmail             Kind = "email" // one to one, by a person of ours
	KindCall              Kind = "call"
	KindMeeting           Kind = "meeting"
	KindDemo              Kind = "demo"
	KindProposal          Kind = "proposal"
	KindQuote             Kind = "quote"
	KindWebinarRegistered Kind = "webinar_registered"
	KindWebinarAttended   Kind = "webinar_attended"
	KindPodcast           Kind = "podcast"
	KindEventRegistered   Kind = "event_registered"
	KindEventAttended     Kind = "event_attended"
	KindStoreVisit        Kind = "store_visit"
	KindTicketOpened      Kind = "ticket_opened"
	KindTicketReplied     Kind = "ticket_replied"
	KindComplaint         Kind = "complaint"
	KindReturn            Kind = "return"
	KindTicketClosed      Kind = "ticket_closed"
	KindOrder             Kind = "order"
	KindContract          Kind = "contract"
	KindRenewal           Kind = "renewal"
	KindUpgrade           Kind = "upgrade"
	KindRefund            Kind = "refund"
	KindOrderCancelled    Kind = "order_cancelled"
	KindDowngrade         Kind = "downgrade"
	KindChurn             Kind = "churn"
	KindSurveyAnswer      Kind = "survey_answer"
	KindReview            Kind = "review"
	KindMention           Kind = "mention"
	KindShare             Kind = "share"
	KindReferralMade      Kind = "referral_made"
	KindEmailBounce       Kind = "email_bounce"
	KindEmailSpam         Kind = "email_spam"
	KindUnsubscribe       Kind = "unsubscribe"
	KindTask              Kind = "task"
	KindNote              Kind = "note"
	KindStageChange       Kind = "stage_change"
	KindOpportunity       Kind = "opportunity"
	KindIdentify          Kind = "identify"
	KindGroup             Kind = "group"
	KindAlias             Kind = "alias"
	KindMerge             Kind = "merge"
	KindImport            Kind = "import"
	KindSystem            Kind = "system"
)

// Info is what the table of kinds says of one kind. The table is part of the format:
// it fills what a touch leaves open, so it enters derived ids.
type Info struct {
	Class     Class
	Direction Direction // filled in where a touch says none
	Offline   bool      // in person, by telephone or on paper
	Channel   Channel   // filled in where a touch says none
	Engaged   bool      // the person did something
	Known     bool      // the kind is in the table
}

// Info returns the row of k. An unknown kind is a contact, engaged, without defaults.
// It costs one look-up. Safe for concurrent use.
func (k Kind) Info() Info {
	if in, ok := kinds[k]; ok {
		return in
	}
	return Info{Class: Contact, Engaged: true}
}

// valid reports whether k matches [a-z][a-z0-9_]{0,63}.
func (k Kind) valid() bool {
	if k == "" || len(k) > 64 || k[0] < 'a' || k[0] > 'z' {
		return false
	}
	for i := 1; i < len(k); i++ {
		if c := k[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

var kinds = map[Kind]Info{
	KindImpression:        {Exposure, Outbound, false, "", false, true},
	KindEmailSent:         {Exposure, Outbound, false, ChannelEmail, false, true},
	KindEmailDelivered:    {Exposure, Outbound, false, ChannelEmail, false, true},
	KindEmailOpen:         {Exposure, Outbound, false, ChannelEmail, false, true},
	KindPushSent:          {Exposure, Outbound, false, ChannelPush, false, true},
	KindMessageSent:       {Exposure, Outbound, false, ChannelMessaging, false, true},
	KindLetter:            {Exposure, Outbound, true, ChannelDirectMail, false, true},
	KindBroadcast:         {Exposure, Outbound, true, "", false, true},
	KindVisit:             {Contact, Inbound, false, "", true, true},
	KindPageview:          {Contact, Inbound, false, "", true, true},
	KindScreen:            {Contact, Inbound, false, "", true, true},
	KindSearch:            {Contact, Inbound, false, "", true, true},
	KindDownload:          {Contact, Inbound, false, "", true, true},
	KindProductView:       {Contact, Inbound, false, "", true, true},
	KindCart:              {Contact, Inbound, false, "", true, true},
	KindCheckout:          {Contact, Inbound, false, "", true, true},
	KindVideoPlay:         {Contact, Inbound, false, "", true, true},
	KindVideoComplete:     {Contact, Inbound, false, "", true, true},
	KindInstall:           {Contact, Inbound, false, "", true, true},
	KindAppOpen:           {Contact, Inbound, false, "", true, true},
	KindEvent:             {Contact, Inbound, false, "", true, true},
	KindClick:             {Contact, Inbound, false, "", true, true},
	KindForm:              {Contact, Inbound, false, "", true, true},
	KindLead:              {Contact, Inbound, false, "", true, true},
	KindSignup:            {Contact, Inbound, false, "", true, true},
	KindLogin:             {Contact, Inbound, false, "", true, true},
	KindLogout:            {Contact, Inbound, false, "", true, true},
	KindTrialStart:        {Contact, Inbound, false, "", true, true},
	KindTrialEnd:          {Contact, Inbound, false, "", true, true},
	KindSubscribe:         {Contact, Inbound, false, "", true, true},
	KindEmailClick:        {Contact, Inbound, false, ChannelEmail, true, true},
	KindEmailReply:        {Contact, Inbound, false, ChannelEmail, true, true},
	KindPushOpen:          {Contact, Inbound, false, ChannelPush, true, true},
	KindMessageReceived:   {Contact, Inbound, false, ChannelMessaging, true, true},
	KindChat:              {Contact, Inbound, false, ChannelChat, true, true},
	KindEmail:             {Contact, Outbound, false, ChannelSales, false, true},
	KindCall:              {Contact, Outbound, true, ChannelSales, true, true},
	KindMeeting:           {Contact, Outbound, true, ChannelSales, true, true},
	KindDemo:              {Contact, Outbound, false, ChannelSales, true, true},
	KindProposal:          {Contact, Outbound, false, ChannelSales, true, true},
	KindQuote:             {Contact, Outbound, false, ChannelSales, true, true},
	KindWebinarRegistered: {Contact, Inbound, false, ChannelWebinar, true, true},
	KindWebinarAttended:   {Contact, Inbound, false, ChannelWebinar, true, true},
	KindPodcast:           {Contact, Inbound, false, ChannelAudio, true, true},
	KindEventRegistered:   {Contact, Inbound, false, ChannelEvent, true, true},
	KindEventAttended:     {Contact, Inbound, true, ChannelEvent, true, true},
	KindStoreVisit:        {Contact, Inbound, true, ChannelStore, true, true},
	KindTicketOpened:      {Contact, Inbound, false, ChannelSupport, true, true},
	KindTicketReplied:     {Contact, Inbound, false, ChannelSupport, true, true},
	KindComplaint:         {Contact, Inbound, false, ChannelSupport, true, true},
	KindReturn:            {Contact, Inbound, false, ChannelSupport, true, true},
	KindTicketClosed:      {Contact, Outbound, false, ChannelSupport, false, true},
	KindOrder:             {Conversion, Inbound, false, "", true, true},
	KindContract:          {Conversion, Inbound, false, "", true, true},
	KindRenewal:           {Conversion, Inbound, false, "", true, true},
	KindUpgrade:           {Conversion, Inbound, false, "", true, true},
	KindRefund:            {Reversal, Inbound, false, "", true, true},
	KindOrderCancelled:    {Reversal, Inbound, false, "", true, true},
	KindDowngrade:         {Reversal, Inbound, false, "", true, true},
	KindChurn:             {Reversal, Inbound, false, "", true, true},
	KindSurveyAnswer:      {Feedback, Inbound, false, ChannelSurvey, true, true},
	KindReview:            {Feedback, Inbound, false, ChannelCommunity, true, true},
	KindMention:           {Feedback, Inbound, false, ChannelCommunity, true, true},
	KindShare:             {Feedback, Inbound, false, ChannelCommunity, true, true},
	KindReferralMade:      {Feedback, Inbound, false, ChannelCommunity, true, true},
	KindEmailBounce:       {Record, Inbound, false, ChannelEmail, false, true},
	KindEmailSpam:         {Record, Inbound, false, ChannelEmail, true, true},
	KindUnsubscribe:       {Record, Inbound, false, "", true, true},
	KindTask:              {Record, DirectionUnset, false, "", false, true},
	KindNote:              {Record, DirectionUnset, false, "", false, true},
	KindStageChange:       {Record, DirectionUnset, false, "", false, true},
	KindOpportunity:       {Record, DirectionUnset, false, "", false, true},
	KindIdentify:          {Record, DirectionUnset, false, "", false, true},
	KindGroup:             {Record, DirectionUnset, false, "", false, true},
	KindAlias:             {Record, DirectionUnset, false, "", false, true},
	KindMerge:             {Record, DirectionUnset, false, "", false, true},
	KindImport:            {Record, DirectionUnset, false, "", false, true},
	KindSystem:            {Record, DirectionUnset, false, "", false, true},
}
