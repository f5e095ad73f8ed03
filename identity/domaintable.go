package identity

import (
	"strings"
	"sync"
)

// secondLevels are public suffixes typed by hand, the country first. A country itself
// needs no line: the last label is a suffix by default.
const secondLevels = `
jp ac ad co ed go gr lg ne or tokyo osaka kyoto kanagawa aichi hokkaido fukuoka hyogo saitama chiba
uk ac co gov ltd me net nhs org plc police sch
au com net org edu gov asn id
nz ac co cri geek gen govt health iwi kiwi maori mil net org parliament school
br com net org gov edu mil art blog eco ind inf jus leg log med mus adv arq eng far
kr ac co es go hs kg mil ms ne or pe re sc busan seoul
cn ac com edu gov mil net org ah bj cq fj gd gs gx gz ha hb he hi hk hl hn jl js jx ln mo nm nx qh sc sd sh sn sx tj tw xj xz yn zj 公司 网络 網絡
tw com edu gov mil net org idv game ebiz club
in ac co edu firm gen gov ind mil net nic org res
za ac co edu gov law mil net nom org school web
mx com edu gob net org
tr av bbs bel biz com dr edu gen gov info k12 mil name net org pol tel tv web
il ac co gov idf k12 muni net org
th ac co go in mi net or
sg com edu gov net org per
hk com edu gov idv net org
id ac biz co desa go mil my net or ponpes sch web
my biz com edu gov mil name net org
ar com edu gob gov int mil net org tur
co com edu gov mil net nom org
ph com edu gov net org
vn com edu gov net org
eg com edu gov net org
ng com edu gov net org
pk com edu gov net org
ua com edu gov net org kiev kyiv lviv
pe com edu gob mil net nom org
ke ac co go ne or
`

// moreSuffixes are rules of one to three levels, as the list writes them.
const moreSuffixes = `ac.us ak.us k12.ak.us ide.kyoto.jp *.kobe.jp !city.kobe.jp *.kawasaki.jp !city.kawasaki.jp
*.kitakyushu.jp !city.kitakyushu.jp *.nagoya.jp !city.nagoya.jp *.sapporo.jp !city.sapporo.jp *.sendai.jp !city.sendai.jp
*.yokohama.jp !city.yokohama.jp *.mm *.ck !www.ck *.sch.uk`

// privateSuffixes belong to companies that let others register below them.
const privateSuffixes = `uk.com us.com eu.com de.com jp.net github.io gitlab.io blogspot.com herokuapp.com
vercel.app netlify.app pages.dev web.app`

var builtinSuffixes = sync.OnceValue(func() map[string]suffix {
	rules := map[string]suffix{}
	for line := range strings.Lines(strings.TrimSpace(secondLevels)) {
		names := strings.Fields(line)
		for _, second := range names[1:] {
			addSuffix(rules, second+"."+names[0], false)
		}
	}
	for _, r := range strings.Fields(moreSuffixes) {
		addSuffix(rules, r, false)
	}
	for _, r := range strings.Fields(privateSuffixes) {
		addSuffix(rules, r, true)
	}
	return rules
})

// freeMail are providers that give an address to anybody, typed by hand.
const freeMail = `gmail.com googlemail.com outlook.com outlook.jp outlook.fr outlook.de outlook.es outlook.it
hotmail.com hotmail.co.uk hotmail.co.jp hotmail.fr hotmail.de hotmail.it hotmail.es live.com live.jp live.co.uk live.fr
live.nl msn.com yahoo.com yahoo.co.jp yahoo.co.uk yahoo.fr yahoo.de yahoo.it yahoo.es yahoo.ca yahoo.co.in
yahoo.com.au yahoo.com.br yahoo.com.mx yahoo.com.sg yahoo.com.tw yahoo.com.hk ymail.com rocketmail.com ymail.ne.jp aol.com aim.com
icloud.com me.com mac.com privaterelay.appleid.com proton.me protonmail.com protonmail.ch pm.me tutanota.com tuta.io
fastmail.com fastmail.fm hey.com zoho.com zohomail.com mail.com email.com usa.com gmx.com gmx.net gmx.de gmx.at gmx.ch
web.de freenet.de t-online.de arcor.de mail.ru inbox.ru list.ru bk.ru yandex.ru yandex.com ya.ru rambler.ru
qq.com foxmail.com 163.com 126.com yeah.net sina.com sina.cn sohu.com 139.com 189.cn aliyun.com naver.com daum.net
hanmail.net nate.com docomo.ne.jp ezweb.ne.jp au.com softbank.ne.jp i.softbank.jp vodafone.ne.jp
nifty.com biglobe.ne.jp ocn.ne.jp so-net.ne.jp plala.or.jp excite.co.jp 
orange.fr wanadoo.fr free.fr laposte.net libero.it virgilio.it tiscali.it alice.it 
btinternet.com sky.com virginmedia.com ntlworld.com comcast.net verizon.net att.net sbcglobal.net bellsouth.net
cox.net charter.net earthlink.net juno.com netzero.net rogers.com shaw.ca bigpond.com optusnet.com.au
uol.com.br bol.com.br terra.com.br ig.com.br rediffmail.com wp.pl o2.pl onet.pl interia.pl seznam.cz
telenet.be skynet.be ziggo.nl planet.nl kpnmail.nl bluewin.ch sapo.pt abv.bg`

var builtinFreeMail = sync.OnceValue(func() map[string]bool { return words(freeMail) })
