package touchpoint

import "strings"

// channelWords are the built-in words for channels. Ambiguous ones (紹介, dm, 広告) are
// left out on purpose.
var channelWords = map[Channel]string{
	ChannelEmail:         "e-mail|mail|newsletter|メール|eメール|電子メール|メルマガ|メールマガジン|ニュースレター",
	ChannelPaidSearch:    "ppc|sem|リスティング広告|検索広告",
	ChannelOrganicSearch: "seo|自然検索|オーガニック検索",
	ChannelOrganicSocial: "sns",
	ChannelPaidSocial:    "sns広告",
	ChannelPaidVideo:     "動画広告",
	ChannelDisplay:       "ディスプレイ広告|バナー広告",
	ChannelAffiliates:    "アフィリエイト|affiliate",
	ChannelPhone:         "電話|phone|tel",
	ChannelSales:         "営業|営業活動|訪問|field sales",
	ChannelEvent:         "展示会|イベント|カンファレンス|trade show|conference",
	ChannelWebinar:       "ウェビナー|ウェブセミナー",
	ChannelAudio:         "ポッドキャスト|podcast",
	ChannelDirectMail:    "郵送|ダイレクトメール",
	ChannelStore:         "店舗|store",
	ChannelPartner:       "代理店|reseller",
	ChannelSupport:       "サポート|問い合わせ",
	ChannelSurvey:        "アンケート",
	ChannelPush:          "プッシュ通知",
	ChannelChat:          "チャット",
	ChannelMessaging:     "line|whatsapp",
	ChannelAIAssistant:   "生成ai|aiアシスタント",
	ChannelTVRadio:       "テレビ|ラジオ",
	ChannelPrintOutdoor:  "新聞|雑誌|チラシ|屋外広告",
}

// channelOf finds a channel by its spaced fold: canonical names and the words above.
var channelOf = func() map[string]Channel {
	m := make(map[string]Channel)
	for _, c := range canonicalChannels {
		m[spacedFold(string(c))] = c
	}
	for c, words := range channelWords {
		for w := range strings.SplitSeq(words, "|") {
			m[spacedFold(w)] = c
		}
	}
	return m
}()

var isCanonical = func() map[Channel]bool {
	m := make(map[Channel]bool)
	for _, c := range canonicalChannels {
		m[c] = true
	}
	return m
}()

var spacing = strings.NewReplacer("-", " ", "_", " ")

// spacedFold is Fold with hyphens and underscores as spaces.
func spacedFold(s string) string { return Fold(spacing.Replace(s)) }

// knownChannel maps a cleaned channel to its canonical name; other names stay.
func (o *Options) knownChannel(source string, channel Channel) Channel {
	if isCanonical[channel] {
		return channel
	}
	if c, ok := channelOf[spacedFold(string(channel))]; ok {
		o.Report.count(source, "channel", mapped, 1)
		return c
	}
	if !o.Vocabulary.knows("channel", string(channel)) {
		o.Report.unknown("channel", string(channel))
	}
	return channel
}
