package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/register/orgunit"
	"khue/internal/register/person"
)

// demoPassword opens every account of a demo. It is printed, so it protects nothing.
const demoPassword = "khue-trinh-dien"

type demoCmd struct {
	Data   string `help:"Folder for the city; empty: a new one in the temporary folder, removed at the end." type:"path" env:"KHUE_DATA"`
	DB     string `help:"Database; empty: SQLite in the folder." env:"KHUE_DB"`
	Listen string `help:"Address to listen on." default:"127.0.0.1:8080" env:"KHUE_LISTEN"`
	At     string `help:"Day on which the city opens, YYYY-MM-DD or with a time." default:"2025-06-23"`
	JSON   bool   `help:"Print address and accounts as one JSON object."`
	Empty  bool   `help:"Without the invented dossiers of the opening."`
	SMTP   string `help:"Mail server, smtp://… or smtp+plain://host:25; empty: mail is only recorded." env:"KHUE_SMTP"`
	SMS    string `help:"Carrier for text messages, smpp://user:password@host:2775?from=NAME or https+json://token@host/path; empty: none." env:"KHUE_SMS"`

	nationalFlags
	paymentFlags
	demandFlag
	Client      []string `help:"Address at which a program of yours takes people back: it may sign people in here, and its client_id and secret are printed." placeholder:"URI"`
	ClientFirst bool     `name:"client-first" help:"Nobody is asked for consent." hidden:""`

	Filled   bool `help:"With a year of invented dossiers. A folder whose filling was broken off is filled to the end."`
	Dossiers int  `help:"Invented dossiers of a filled city." default:"200000"`
	FillOnly bool `name:"fill-only" help:"Stop when the city is filled." hidden:""`
	FillIdle bool `name:"fill-idle" help:"Nobody acts on them and all lie at the demo's commune: long queues to be measured." hidden:""`
}

// opening is the instant of a demo: 08:10 of a day, or the time given.
func opening(at string) (time.Time, error) {
	if d, err := clock.ParseDate(at); err == nil {
		return d.At(8, 10), nil
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02 15:04", time.RFC3339} {
		if t, err := time.ParseInLocation(layout, at, clock.Zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%w: --at takes a day such as 2025-06-23, with a time as 2025-06-23T08:10", errUsage)
}

// Run starts a fresh city and serves it.
func (d *demoCmd) Run(c *command) error {
	at, err := opening(d.At)
	if err != nil {
		return err
	}
	folder := d.Data
	if folder == "" {
		if folder, err = os.MkdirTemp("", "khue-demo-"); err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(folder) }()
	} else if old, err := os.ReadDir(folder); err == nil && len(old) > 0 {
		if d.Filled && filledBefore(folder) {
			return d.refill(c, folder, at)
		}
		return fmt.Errorf("%w: the folder %s is not empty; a demo begins afresh. Name another, or serve it: khue serve --data %s", errUsage, folder, folder)
	}
	begins := at
	if !d.Empty {
		begins = prologue(at)
	}
	above, err := d.national()
	if err != nil {
		return err
	}
	demand, err := d.demand(demandOff)
	if err != nil {
		return err
	}
	p, err := New(c.ctx, Config{
		National: above, Demand: demand, Data: folder, DB: d.DB, Listen: d.Listen, SMTP: d.SMTP, SMS: d.SMS, Payments: d.payments(true), Opened: begins, Log: c.log, Aside: c.self, MigrateAtStart: true,
	})
	if err != nil {
		return err
	}
	defer p.Close()
	city, err := p.Settle(c.ctx)
	if err != nil {
		return err
	}
	if !d.Empty {
		if _, err := p.DemoCards(c.ctx, city); err != nil {
			return err
		}
		if begins.Before(at) {
			if err := p.Foretell(c.ctx, city, at); err != nil {
				return err
			}
			city.At = p.Clock.Now()
		}
		if err := p.Populate(c.ctx, city); err != nil {
			return err
		}
		city.Tales = p.stage.tales()
	}
	if d.Filled {
		if err := d.fill(c, p, folder, &city); err != nil || d.FillOnly {
			return err
		}
	}
	return d.serve(c, p, folder, city)
}

// serve runs the city and tells whoever started it how to come in.
func (d *demoCmd) serve(c *command, p *Program, folder string, city DemoCity) (err error) {
	if city.Client, err = p.demoClient(c.ctx, d.Client, d.ClientFirst); err != nil {
		return err
	}
	return p.Run(c.ctx, func(a net.Addr) {
		city.URL = "http://" + a.String()
		if d.JSON {
			_ = c.json(city)
			return
		}
		city.print(c, filepath.Clean(folder))
	})
}

// DemoCity is what a demo tells whoever started it.
type DemoCity struct {
	URL      string        `json:"url"`
	At       time.Time     `json:"at"`
	Password string        `json:"password"`
	Accounts []DemoAccount `json:"accounts"`
	// Client is the program that was let sign people in; nil where none was named.
	Client *DemoClient `json:"client,omitempty"`
	// Tales are the codes of the story's dossiers, by what the demo's page says of them.
	Tales map[string]string `json:"tales,omitempty"`
}

// DemoAccount is an invented person who may sign in.
type DemoAccount struct {
	Login string `json:"login"`
	Name  string `json:"name"`
	Role  string `json:"role"`
	Unit  string `json:"unit,omitempty"`
	Token string `json:"token"`
	ID    string `json:"id"`
}

// demoPerson is an account to be made. at is where an officer stands: commune, district or
// city for their committee, commune/urban for an office of one, body/culture for a body of
// the city. Of several places the first that there is on the day counts; where none is,
// there is no such person. Who has several roles goes by the first.
type demoPerson struct{ login, name, role, at string }

var demoPeople = []demoPerson{
	{"0912000001", "Nguyễn Thị Hạnh", "citizen", ""},
	{"0912000002", "Trần Văn Bình", "citizen", ""},
	{"motcua", "Lê Thu Trang", "clerk", "commune"},
	{"motcua2", "Phạm Quốc Huy", "clerk", "commune"},
	{"hotich", "Đỗ Minh Châu", "justiceOfficer", "commune"},
	{"chutich", "Vũ Đức Thắng", "chairman", "commune"},
	{"phochutich", "Bùi Thanh Hà", "viceChairman", "commune"},
	{"vanthu", "Ngô Phương Mai", "registryClerk", "commune"},
	{"lanhdao", "Hoàng Gia Bảo", "leader", "city"},
	{"thietke", "Đặng Hải Yến", "designer", "city"},
	{"kiemtra", "Phan Nhật Minh", "auditor", "city"},
	{"dulieu", "Kiều Bảo Ngọc", "steward", "city"},
	{"vanhoa", "Tạ Thanh Bình", "cultureSocialOfficer", "commune"},
	{"diachinh", "Lương Quang Vinh", "landOfficer", "commune"},
	{"taichinh", "Mai Thị Hằng", "financeOfficer", "commune"},
	{"thongke", "Đoàn Ngọc Ánh", "statisticsOfficer", "commune"},
	{"truongphong", "Chu Văn Hòa", "head", "department"},
	{"phophong", "Hà Thị Nga", "deputyHead", "department"},
	{"chuyenvien", "Trương Anh Tuấn", "specialist", "department"},
	{"giamdoc", "Nguyễn Trọng Nghĩa", "director", "department"},
	{"phogiamdoc", "Lê Thị Hồng Vân", "deputyDirector", "department"},
	{"kinhdoanh", "Lưu Mai Phương", "specialist", "district/finance commune/economy"},
	{"kinhdoanh.tp", "Trịnh Quốc Đạt", "head", "district/finance commune/economy"},
	{"xaydung", "Doãn Thu Thủy", "specialist", "district/urban commune/urban"},
	{"xaydung.tp", "Tống Minh Khang", "head", "district/urban commune/urban"},
	{"quyhoach", "Khuất Duy Hưng", "specialist", "body/architecture"},
	{"disan", "Âu Thị Lan", "specialist", "district/culture body/culture"},
	{"quan.motcua", "Cấn Thị Thu", "clerk", "district"},
	{"quan.pct", "Nghiêm Xuân Bách", "viceChairman", "district"},
	{"quan.vanthu", "Phùng Bích Hợp", "registryClerk", "district"},
	{"cukhoi.motcua", "Nguyễn Thị Bưởi", "clerk", "00154"},
	{"cukhoi.vanhoa", "Trần Đăng Khôi", "cultureSocialOfficer", "00154"},
	{"cukhoi.chutich", "Nguyễn Hữu Phú", "chairman", "00154"},
	{"ldtbxh", "Quách Thị Ngân", "specialist", "district/labour"},
	{"ldtbxh.tp", "Thân Đức Lợi", "head", "district/labour"},
	{"nguoicocong", "Giáp Thị Hương", "specialist", "body/labour/merit"},
	{"nguoicocong.tp", "Ninh Văn Toàn", "head", "body/labour/merit"},
	{"noivu.motcua", "Mạc Thị Liên", "clerk", "body/labour"},
	{"noivu.pgd", "Văn Đình Quý", "deputyDirector", "body/labour"},
	{"noivu.vanthu", "Ứng Thị Hòa", "registryClerk", "body/labour"},
	{"congan.motcua", "Thái Thị Xuân", "clerk", "district/police commune/police"},
	{"congan", "Đồng Xuân Hải", "specialist", "district/police commune/police"},
	{"congan.truong", "Lã Văn Hùng", "head", "district/police commune/police"},
	{"bhxh.motcua", "Tô Kim Chi", "clerk", "district/insurance city/insurance"},
	{"bhxh", "Vương Thị Nhung", "specialist", "district/insurance city/insurance"},
	{"bhxh.gd", "Hứa Minh Tâm", "head", "district/insurance city/insurance"},
}

// demoCitizens are whose account the national identity vouches for. No province's numbers
// begin with 999.
func demoCitizens() map[string]struct {
	number person.Number
	facts  person.Facts
} {
	return map[string]struct {
		number person.Number
		facts  person.Facts
	}{
		"0912000001": {"999196000001", person.Facts{Born: "1996-09-02", Sex: "female"}},
		"0912000002": {"999090000002", person.Facts{Born: "1990-04-18", Sex: "male"}},
	}
}

// demoCommune is the commune of the story: Ngọc Lâm, which became part of Bồ Đề on
// 2025-07-01. The same code 00118 named Ngọc Thụy before.
func demoCommune(t *orgunit.Tree, on clock.Date) (orgunit.Unit, error) {
	code := "00133"
	if !on.Before(clock.MustDate("2025-07-01")) {
		code = "00118"
	}
	u, err := t.ByCode(code)
	if err != nil {
		return u, err
	}
	a, ok := t.AgencyOf(u.ID)
	if !ok {
		return a, errors.New("app: the demo's commune has no agency")
	}
	return a, nil
}

// demoPlace finds where an officer of the demo stands; false where no such place is.
func demoPlace(t *orgunit.Tree, commune orgunit.Unit, at string) (orgunit.Unit, bool) {
	for _, place := range strings.Fields(at) {
		head, key, office := strings.Cut(place, "/")
		unit, ok := commune, true
		switch head {
		case "city":
			unit = t.Government()
		case "department":
			unit, ok = t.Body("justice")
		case "body":
			key, office, _ := strings.Cut(key, "/")
			if unit, ok = t.Body(key); ok && office != "" {
				unit, ok = t.Office(unit.ID, office)
			}
			if ok {
				return unit, true
			}
		case "00154": // Cự Khối, which 2025-07-01 divided
			if unit, ok = byName(t, head, "Cự Khối"); ok {
				unit, ok = t.AgencyOf(unit.ID)
			}
		case "district":
			if unit, ok = t.Above(commune.Serves, orgunit.District); ok {
				unit, ok = t.AgencyOf(unit.ID)
			}
		}
		if ok && office {
			unit, ok = t.Office(unit.ID, key)
		}
		if ok {
			return unit, true
		}
	}
	return orgunit.Unit{}, false
}

// byName is the unit that holds a code, if that is the one meant: codes change hands.
func byName(t *orgunit.Tree, code, bare string) (orgunit.Unit, bool) {
	u, err := t.ByCode(code)
	return u, err == nil && u.Bare == bare
}

// Settle makes the demo's accounts.
func (p *Program) Settle(ctx context.Context) (DemoCity, error) {
	city := DemoCity{At: p.Clock.Now(), Password: demoPassword}
	tree := p.Units.At(p.today())
	commune, err := demoCommune(tree, p.today())
	if err != nil {
		return city, err
	}
	hash, err := p.Auth.HashPassword(ctx, demoPassword)
	if err != nil {
		return city, err
	}
	for _, d := range demoPeople {
		a := auth.NewAccount{Login: d.login, Name: d.name, Kind: auth.KindCitizen, Hash: hash, Level: auth.Verified}
		out := DemoAccount{Login: d.login, Name: d.name, Role: strings.Fields(d.role)[0]}
		if d.at != "" {
			unit, ok := demoPlace(tree, commune, d.at)
			if !ok {
				continue
			}
			a.Kind, out.Unit = auth.KindOfficer, unit.Name
			for role := range strings.FieldsSeq(d.role) {
				a.Grants = append(a.Grants, auth.GrantPeriod{Grant: auth.Grant{Role: role, Scope: "unit:" + unit.ID.String()}})
			}
		}
		account, err := p.Auth.CreateAccount(ctx, a)
		if err != nil {
			return city, err
		}
		if out.Token, err = p.Auth.IssueToken(ctx, account, "demo"); err != nil {
			return city, err
		}
		out.ID = fmt.Sprint(account)
		if who, ok := demoCitizens()[d.login]; ok {
			if err := p.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
				who.facts.Name = d.name
				_, err := p.People.LinkNational(tx, account, who.number, who.facts)
				return err
			}); err != nil {
				return city, err
			}
		}
		city.Accounts = append(city.Accounts, out)
	}
	p.stage.settle(city)
	return city, p.Officers.Adopt(ctx)
}

func (d DemoCity) print(c *command, folder string) {
	fmt.Fprintf(c.out, "\nKhuê is open on %s, %s.\n\n  %s\n\n", d.At.Format("Monday 2 January 2006"), d.At.Format("15:04"), d.URL)
	fmt.Fprintf(c.out, "Begin at %s/demo: who you may be, what each has to do, a clock that jumps.\n", d.URL)
	fmt.Fprintf(c.out, "Everybody's password is %s\n\n", d.Password)
	for _, a := range d.Accounts {
		fmt.Fprintf(c.out, "  %s %s %s %s\n", pad(a.Login, 12), pad(a.Name, 18), pad(a.Role, 16), a.Unit)
	}
	if d.Client != nil {
		fmt.Fprintf(c.out, "\nYour program  client_id %s  client_secret %s\n", d.Client.ID, d.Client.Secret)
	}
	fmt.Fprintf(c.out, "\nThe city lies in %s. Stop it with Ctrl-C.\n", folder)
}

// pad fills with spaces by letters, not bytes.
func pad(s string, n int) string {
	if k := n - len([]rune(s)); k > 0 {
		return s + strings.Repeat(" ", k)
	}
	return s
}
