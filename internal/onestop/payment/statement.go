package payment

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
)

// Statement is a bank's statement of one account: what really came and went.
type Statement struct {
	ID      string // as the bank numbers it; "" in CSV
	Account string
	Opening int64
	Closing int64
	Sums    bool // the bank gave both balances, and the lines lead from one to the other
	Lines   []StatementLine
}

// StatementLine is one movement.
type StatementLine struct {
	Ref    string // the bank's number
	Amount int64  // more than zero: money came
	At     time.Time
	Text   string
}

// Limits of a statement. A file is read by whoever may import it, and may still be hostile.
const (
	MaxStatement      = 16 << 20
	maxStatementLines = 50_000
	maxText           = 500
	maxDepth          = 24
)

func badStatement(line int, what string, cause error) error {
	return errs.E(errs.Invalid, "payment.statement."+what, errs.P("line", line), errs.Cause(cause))
}

// ReadStatement reads camt.053 or CSV, told apart by the first character. Invalid, with the
// line, where it is neither, too large, or its lines do not lead from balance to balance.
func ReadStatement(r io.Reader) (out []Statement, err error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxStatement+1))
	if err != nil {
		return nil, err
	}
	if len(b) > MaxStatement {
		return nil, errs.E(errs.TooLarge, "payment.statement.large", errs.P("max", MaxStatement>>20))
	}
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	if t := bytes.TrimSpace(b); len(t) > 0 && t[0] == '<' {
		out, err = readCamt(b)
	} else {
		var s Statement
		s, err = readCSV(b)
		out = []Statement{s}
	}
	if err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, badStatement(0, "empty", nil)
	}
	return out, nil
}

// camt is the part of camt.053 that is read. Names of any version fit: the namespace is not looked at.
type camt struct {
	Statements []camtStatement `xml:"BkToCstmrStmt>Stmt"`
}

type camtStatement struct {
	ID      string        `xml:"Id"`
	IBAN    string        `xml:"Acct>Id>IBAN"`
	Other   string        `xml:"Acct>Id>Othr>Id"`
	Bal     []camtBalance `xml:"Bal"`
	Entries []camtEntry   `xml:"Ntry"`
}

type camtAmount struct {
	Ccy  string `xml:"Ccy,attr"`
	Text string `xml:",chardata"`
}

type camtBalance struct {
	Code string     `xml:"Tp>CdOrPrtry>Cd"`
	Amt  camtAmount `xml:"Amt"`
	Ind  string     `xml:"CdtDbtInd"`
}

type camtEntry struct {
	Amt    camtAmount `xml:"Amt"`
	Ind    string     `xml:"CdtDbtInd"`
	Status struct {
		Text string `xml:",chardata"`
		Code string `xml:"Cd"`
	} `xml:"Sts"`
	Day   string        `xml:"BookgDt>Dt"`
	At    string        `xml:"BookgDt>DtTm"`
	Ref   string        `xml:"AcctSvcrRef"`
	Parts []camtDetails `xml:"NtryDtls>TxDtls"`
	Info  string        `xml:"AddtlNtryInf"`
}

type camtDetails struct {
	Ref    string     `xml:"Refs>AcctSvcrRef"`
	TxID   string     `xml:"Refs>TxId"`
	E2E    string     `xml:"Refs>EndToEndId"`
	Amt    camtAmount `xml:"Amt"`
	Amt2   camtAmount `xml:"AmtDtls>TxAmt>Amt"`
	Ustrd  []string   `xml:"RmtInf>Ustrd"`
	Struct string     `xml:"RmtInf>Strd>CdtrRefInf>Ref"`
}

// bounded stops at a document type, and where elements nest deeper than a statement does.
// encoding/xml expands no entity but the five of XML.
type bounded struct {
	*xml.Decoder
	depth int
}

func (b *bounded) Token() (xml.Token, error) {
	t, err := b.Decoder.Token()
	switch t.(type) {
	case xml.StartElement:
		if b.depth++; b.depth > maxDepth {
			return nil, errors.New("payment: elements nest too deep")
		}
	case xml.EndElement:
		b.depth--
	case xml.Directive:
		return nil, errors.New("payment: a document type is not read")
	}
	return t, err
}

func readCamt(b []byte) (out []Statement, err error) {
	raw := xml.NewDecoder(bytes.NewReader(b))
	var doc camt
	if err := xml.NewTokenDecoder(&bounded{Decoder: raw}).Decode(&doc); err != nil {
		line, _ := raw.InputPos()
		return nil, badStatement(line, "xml", err)
	}
	total := 0
	for _, cs := range doc.Statements {
		s, err := cs.read()
		if err != nil {
			return nil, err
		}
		if total += len(s.Lines); total > maxStatementLines {
			return nil, badStatement(0, "lines", nil)
		}
		out = append(out, s)
	}
	return out, nil
}

func (cs camtStatement) read() (Statement, error) {
	s := Statement{ID: clip(cs.ID, 64), Account: clip(cs.Other+cs.IBAN, 34)}
	seen := 0
	for _, bal := range cs.Bal {
		v, err := bal.Amt.dong(bal.Ind)
		if err != nil {
			return s, badStatement(0, "balance", err)
		}
		switch bal.Code {
		case "OPBD", "PRCD":
			s.Opening = v
			seen |= 1
		case "CLBD":
			s.Closing = v
			seen |= 2
		}
	}
	sum := int64(0)
	for i, e := range cs.Entries {
		if code := strings.TrimSpace(e.Status.Text + e.Status.Code); code != "BOOK" && code != "" {
			continue // pending entries come again when they are booked
		}
		lines, err := e.lines()
		if err != nil {
			return s, badStatement(i+1, "entry", err)
		}
		for _, l := range lines {
			sum += l.Amount
		}
		if s.Lines = append(s.Lines, lines...); len(s.Lines) > maxStatementLines {
			return s, badStatement(i+1, "lines", nil)
		}
	}
	if seen == 3 {
		if s.Sums = true; s.Opening+sum != s.Closing {
			return s, errs.E(errs.Invalid, "payment.statement.sum", errs.P("opening", s.Opening, "sum", sum, "closing", s.Closing))
		}
	}
	return s, nil
}

func (e camtEntry) lines() ([]StatementLine, error) {
	total, err := e.Amt.dong(e.Ind)
	if err != nil {
		return nil, err
	}
	at, err := camtTime(e.Day, e.At)
	if err != nil {
		return nil, err
	}
	one := StatementLine{Ref: e.Ref, Amount: total, At: at, Text: e.Info}
	if len(e.Parts) == 0 {
		one.Ref = clip(one.Ref, maxExternal)
		one.Text = clip(one.Text, maxText)
		return []StatementLine{one}, one.check()
	}
	var out []StatementLine
	sum := int64(0)
	for i, p := range e.Parts {
		l := one
		amt := p.Amt
		if strings.TrimSpace(amt.Text) == "" {
			amt = p.Amt2
		}
		if len(e.Parts) > 1 || strings.TrimSpace(amt.Text) != "" {
			if l.Amount, err = amt.dong(e.Ind); err != nil {
				return nil, err
			}
		}
		switch {
		case p.Ref != "":
			l.Ref = p.Ref
		case p.TxID != "":
			l.Ref = p.TxID
		case len(e.Parts) > 1:
			l.Ref = e.Ref + "." + strconv.Itoa(i+1)
		}
		l.Text = strings.Join(append(p.Ustrd, p.Struct, p.E2E), " ")
		l.Ref, l.Text = clip(l.Ref, maxExternal), clip(l.Text, maxText)
		if err := l.check(); err != nil {
			return nil, err
		}
		sum += l.Amount
		out = append(out, l)
	}
	if sum != total {
		return nil, fmt.Errorf("payment: the parts of %q sum to %d, not %d", e.Ref, sum, total)
	}
	return out, nil
}

func (l StatementLine) check() error {
	if l.Ref == "" {
		return errors.New("payment: an entry without the bank's reference")
	}
	return nil
}

// dong is an amount in whole đồng; a fraction other than zero and another currency are refused.
func (a camtAmount) dong(ind string) (int64, error) {
	if a.Ccy != "VND" {
		return 0, fmt.Errorf("payment: currency %q", clip(a.Ccy, 8))
	}
	whole, frac, _ := strings.Cut(strings.TrimSpace(a.Text), ".")
	v, err := strconv.ParseUint(whole, 10, 63)
	if err != nil || v > maxDong*1000 || strings.Trim(frac, "0") != "" {
		return 0, fmt.Errorf("payment: amount %q", clip(a.Text, 40))
	}
	switch ind {
	case "CRDT":
		return int64(v), nil
	case "DBIT":
		return -int64(v), nil
	}
	return 0, fmt.Errorf("payment: neither credit nor debit: %q", clip(ind, 8))
}

func camtTime(day, at string) (time.Time, error) {
	if at = strings.TrimSpace(at); at != "" {
		if t, err := time.Parse(time.RFC3339, at); err == nil {
			return t, nil
		}
		return time.ParseInLocation("2006-01-02T15:04:05", strings.TrimSuffix(at, "Z"), clock.Zone)
	}
	return time.ParseInLocation("2006-01-02", strings.TrimSpace(day), clock.Zone)
}

// csvNames are the headings of a bank's CSV, as banks write them.
//
//nolint:gochecknoglobals // immutable table
var csvNames = map[string]string{
	"account": "account", "so tai khoan": "account", "date": "date", "ngay": "date", "ngay giao dich": "date",
	"reference": "ref", "so tham chieu": "ref", "ma giao dich": "ref", "debit": "debit", "ghi no": "debit", "so tien ghi no": "debit",
	"credit": "credit", "ghi co": "credit", "so tien ghi co": "credit", "description": "text", "noi dung": "text", "dien giai": "text",
}

func readCSV(b []byte) (s Statement, err error) {
	first, _, _ := bytes.Cut(b, []byte("\n"))
	r := csv.NewReader(bufio.NewReader(bytes.NewReader(b)))
	if bytes.Count(first, []byte(";")) > bytes.Count(first, []byte(",")) {
		r.Comma = ';'
	}
	r.FieldsPerRecord, r.ReuseRecord = -1, true
	head, err := r.Read()
	if err != nil {
		return s, badStatement(1, "csv", err)
	}
	col := map[string]int{}
	for i, h := range head {
		if n, ok := csvNames[strings.ToLower(plain(h))]; ok {
			col[n] = i
		}
	}
	for _, n := range [...]string{"account", "date", "ref", "credit", "text"} {
		if _, ok := col[n]; !ok {
			return s, badStatement(1, "columns", nil)
		}
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil {
			line := 1
			if bad := (*csv.ParseError)(nil); errors.As(err, &bad) {
				line = bad.Line // a row that was not read has no fields to ask for their place
			}
			return s, badStatement(line, "csv", err)
		}
		line, _ := r.FieldPos(0)
		get := func(n string) string {
			if i, ok := col[n]; ok && i < len(row) {
				return strings.TrimSpace(row[i])
			}
			return ""
		}
		credit, err1 := csvDong(get("credit"))
		debit, err2 := csvDong(get("debit"))
		at, err3 := csvTime(get("date"))
		l := StatementLine{Ref: clip(get("ref"), maxExternal), Amount: credit - debit, At: at, Text: clip(get("text"), maxText)}
		if err := errors.Join(err1, err2, err3, l.check()); err != nil || l.Amount == 0 {
			return s, badStatement(line, "entry", err)
		}
		account := clip(get("account"), 34)
		if s.Account == "" {
			s.Account = account
		}
		if account != s.Account {
			return s, badStatement(line, "accounts", nil)
		}
		if s.Lines = append(s.Lines, l); len(s.Lines) > maxStatementLines {
			return s, badStatement(line, "lines", nil)
		}
	}
}

// csvDong reads 1.000.000 and 1,000,000 alike: đồng have no fraction, so a mark groups three.
func csvDong(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == '.' || r == ',' })
	for i, p := range parts {
		if i > 0 && len(p) != 3 {
			return 0, fmt.Errorf("payment: amount %q", clip(s, 40))
		}
	}
	v, err := strconv.ParseUint(strings.Join(parts, ""), 10, 63)
	if err != nil || v > maxDong {
		return 0, fmt.Errorf("payment: amount %q", clip(s, 40))
	}
	return int64(v), nil
}

func csvTime(s string) (t time.Time, err error) {
	for _, layout := range [...]string{"02/01/2006 15:04:05", "02/01/2006", "2006-01-02 15:04:05", "2006-01-02"} {
		if t, err = time.ParseInLocation(layout, s, clock.Zone); err == nil {
			return t, nil
		}
	}
	return t, err
}

// clip makes foreign text fit: valid, without control characters, at most n bytes.
func clip(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.TrimSpace(s)
	for len(s) > n {
		s = s[:len(s)-1]
		s = strings.ToValidUTF8(s, "")
	}
	return norm.NFC.String(s)
}

func plain(s string) string { return Purpose(strings.TrimSpace(s)) }
