package channel

// What tells bots from people, typed by hand. All in lower case.

// agentPieces give a word away; with $ only at its end, also in the plural or before a
// number.
const agentPieces = `bot$ bot_$ crawl spider scrap slurp archiver fetch$ fetcher monitor uptime headless
	linkcheck checker validator preview$ previewbot scanner indexer harvest webcopier parser
	unfurl feedfetch rss$ pingdom phantomjs httpclient http-client`

// agentPeople are words with such a piece in agents of people: phones, and a game.
const agentPeople = `cubot robot`

// peopleURLs are addresses that browsers of people carry: an embedded Internet Explorer
// names its maker.
var peopleURLs = []string{"bsalsa.com", "www.bsalsa.com"}

// agentWords are words of their own, or parts of one between dashes and dots.
const agentWords = `curl wget okhttp axios aiohttp httpx node-fetch undici urllib python-urllib python-requests
	libwww-perl lwp-trivial guzzlehttp mechanize scrapy colly playwright puppeteer selenium webdriver electron-fetch
	lighthouse chrome-lighthouse gtmetrix ptst ylt speedcurve dareboost hotjar appinsights
	datadogsynthetics newrelicsynthetics ruxitsynthetic thousandeyes catchpoint checkly
	nikto openvas nessus sqlmap wpscan zgrab masscan httrack webcapture webzip sitesucker
	mediapartners-google google-inspectiontool google-agent googleother googleimageproxy bingpreview
	facebookexternalhit meta-externalagent whatsapp-preview embedly iframely outbrain
	claude-user chatgpt-user perplexity-user manus-user bytespider ia_archiver nutch heritrix
	biglotron ips-agent datanyze siteimprove.com`

// agentBegin are words that give an agent away only as its first: languages and
// libraries, which phones name elsewhere.
const agentBegin = `java ruby perl php python go-http-client dart lua`

// agentSystems are what people run browsers on, and the brands of phones, consoles and
// televisions whose agents name no more than themselves.
const agentSystems = `windows win win98 winnt macintosh mac macos ppc linux x11 ubuntu android iphone ipad ipod
	ios ipados watchos tvos darwin cfnetwork dalvik cros freebsd openbsd netbsd sunos haiku os2 beos
	playstation psp nintendo wii xbox oculusbrowser quest visionos
	symbian symbianos series60 series40 blackberry bb10 playbook rim nokia samsung sec sonyericsson lg lge
	mot motorola alcatel docomo kddi softbank vodafone j-phone willcom emobile pdxgw midp j2me brew palm palmos
	webos web0s hpwos tizen bada maemo meego kaios kai sailfish fuchsia harmonyos openharmony
	hbbtv smarttv smart-tv googletv appletv roku netcast viera bravia aquos philipstv crkey
	kindle silk ucweb opera`
