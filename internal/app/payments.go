package app

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"

	"khue/internal/onestop/payment"
	"khue/internal/onestop/payment/paymentweb"
	"khue/internal/register/orgunit"
)

// Payments says how the city is paid. The zero value takes no payment: fees are told, and no
// order is opened.
type Payments struct {
	Accounts      string // file: a line a unit, its code, the bank's BIN, the account and its holder
	BankSecret    string // with which the bank signs notices
	Gateway       string // where payers are sent
	GatewayAsk    string // where the gateway is asked about an order; empty: it is not
	GatewaySecret string
	// Invented gives every unit of a demo an account that does not exist.
	Invented bool
}

// accounts are the accounts of units.
type accounts struct {
	of       map[orgunit.UnitID]payment.Payee
	units    map[string]orgunit.UnitID
	register *orgunit.Service
	invented bool
}

// inventedPrefix begins the accounts of a demo; no bank numbers accounts so.
const inventedPrefix = "9"

// inventedBank is a BIN that NAPAS has given to nobody.
const inventedBank = "999999"

// Payee implements payment.Payees.
func (a accounts) Payee(u orgunit.UnitID) (payment.Payee, bool) {
	if p, ok := a.of[u]; ok || !a.invented {
		return p, ok
	}
	x, ok := a.register.Now().Get(u)
	return payment.Payee{Bank: inventedBank, Account: inventedPrefix + strconv.FormatInt(int64(u), 36), Holder: x.Name}, ok
}

// Any implements payment.Payees.
func (a accounts) Any() bool { return a.invented || len(a.of) > 0 }

// UnitOf implements payment.Payees.
func (a accounts) UnitOf(account string) (orgunit.UnitID, bool) {
	if u, ok := a.units[account]; ok || !a.invented {
		return u, ok
	}
	n, err := strconv.ParseInt(strings.TrimPrefix(account, inventedPrefix), 36, 64)
	if err != nil || !strings.HasPrefix(account, inventedPrefix) {
		return 0, false
	}
	_, ok := a.register.Now().Get(orgunit.UnitID(n))
	return orgunit.UnitID(n), ok
}

// readAccounts reads the file of accounts: "H26.16 970436 371301090901 Sở Tư pháp".
func readAccounts(path string, units *orgunit.Service, invented bool) (accounts, error) {
	a := accounts{map[orgunit.UnitID]payment.Payee{}, map[string]orgunit.UnitID{}, units, invented}
	if path == "" {
		return a, nil
	}
	f, err := os.Open(path) //nolint:gosec // the operator's own file
	if err != nil {
		return a, fmt.Errorf("app: accounts: %w", err)
	}
	defer func() { _ = f.Close() }()
	in := bufio.NewScanner(f)
	for n := 1; in.Scan(); n++ {
		line := strings.TrimSpace(in.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		w := strings.Fields(line)
		if len(w) < 4 {
			return a, fmt.Errorf("app: %s line %d: unit, BIN, account and holder are needed", path, n)
		}
		u, err := units.Now().Resolve(w[0])
		if err != nil {
			return a, fmt.Errorf("app: %s line %d: unit %s: %w", path, n, w[0], err)
		}
		p := payment.Payee{Bank: w[1], Account: w[2], Holder: strings.Join(w[3:], " ")}
		if _, err := (payment.Transfer{Bank: p.Bank, Account: p.Account}).QR(); err != nil {
			return a, fmt.Errorf("app: %s line %d: %w", path, n, err)
		}
		if _, twice := a.units[p.Account]; twice {
			return a, fmt.Errorf("app: %s line %d: account %s stands twice", path, n, p.Account)
		}
		a.of[u.ID], a.units[p.Account] = p, u.ID
	}
	return a, in.Err()
}

// payments builds how the city is paid.
func (p *Program) payments() error {
	c := p.Config.Payments
	known, err := readAccounts(c.Accounts, p.Units, c.Invented)
	if err != nil {
		return err
	}
	key, err := p.secret("payment.key")
	if err != nil {
		return err
	}
	d := payment.Deps{
		DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Jobs: p.Jobs, Units: p.Units, Policies: p.Policies, Payees: known,
		GatewayURL: c.Gateway, GatewaySecret: []byte(c.GatewaySecret), BankSecret: []byte(c.BankSecret), Secret: key, Address: p.address(), Fonts: fonts(), Log: p.Config.Log,
		Kept: p.keptOfPayments,
	}
	if c.GatewayAsk != "" {
		d.Gateway = paymentweb.NewGateway(c.GatewayAsk, d.GatewaySecret)
	}
	p.Payments = payment.New(d)
	return nil
}

// postFlags say who takes results to their owners.
type postFlags struct {
	Post       string `help:"Order API of a postal service, https://host/path; empty: the desk sends results." env:"KHUE_POST"`
	PostSecret string `help:"Secret shared with it: orders carry it, and its news are signed with it." env:"KHUE_POST_SECRET" secret:""`
}

type paymentFlags struct {
	PaymentAccounts string `help:"File of the units' accounts, a line a unit: code, BIN, account, holder; empty: no payment is taken." type:"existingfile" env:"KHUE_PAYMENT_ACCOUNTS"`
	BankSecret      string `help:"Secret with which the bank signs its notices." env:"KHUE_BANK_SECRET" secret:""`
	Gateway         string `help:"Address of the payment gateway to which payers are sent." env:"KHUE_GATEWAY"`
	GatewayAsk      string `help:"Address at which the gateway is asked about an order." env:"KHUE_GATEWAY_ASK"`
	GatewaySecret   string `help:"Secret shared with the gateway." env:"KHUE_GATEWAY_SECRET" secret:""`
}

// payments of a demo may be paid to accounts that do not exist.
func (f paymentFlags) payments(demo bool) Payments {
	return Payments{Accounts: f.PaymentAccounts, BankSecret: f.BankSecret, Gateway: f.Gateway, GatewayAsk: f.GatewayAsk, GatewaySecret: f.GatewaySecret, Invented: demo && (f.BankSecret != "" || f.GatewaySecret != "")}
}
