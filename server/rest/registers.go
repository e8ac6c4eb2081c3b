package rest

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/integration"
)

// Light is one of the four indicators of a register.
type Light struct {
	Name   string `json:"name" enum:"shift,transfer,connection,drive"`
	Title  string `json:"title"`
	Colour string `json:"colour" enum:"grey,green,yellow,red"`
	Value  string `json:"value,omitempty"`
	Reason string `json:"reason,omitempty" doc:"Почему не зелёный"`
}

// Register is a register as its organisation keeps it and as its documents show it.
type Register struct {
	RegID       fiscal.RegNumber `json:"kktRegId" doc:"РНМ, 16 цифр"`
	Serial      string           `json:"kktNumber,omitempty" doc:"Заводской номер"`
	Name        string           `json:"name"`
	Model       string           `json:"model,omitempty"`
	OutletID    string           `json:"outletId,omitempty"`
	Groups      []string         `json:"groups" nullable:"false"`
	State       string           `json:"state" enum:"active,archived"`
	ConnectedAt *time.Time       `json:"connectedAt,omitempty"`
	ArchivedAt  *time.Time       `json:"archivedAt,omitempty"`
	PaidUntil   *time.Time       `json:"paidUntil,omitempty" doc:"Конец срока подключения; нет — бессрочно"`
	Blocked     bool             `json:"blocked" doc:"Приём документов остановлен"`
	FNSState    int              `json:"fnsState" doc:"Битовая маска состояния у налоговой службы; 0 — сведений нет, обмена с ней на стенде нет"`
	TimeZone    string           `json:"timeZone" doc:"Где стоит касса: по ней читают dateTime её документов"`
	Light       string           `json:"light" enum:"grey,green,yellow,red" doc:"Худший из индикаторов"`
	Indicators  []Light          `json:"indicators" nullable:"false"`
	Drive       *CurrentDrive    `json:"fiscalDrive,omitempty"`
	Shift       *CurrentShift    `json:"shift,omitempty"`
	Last        *LastDocument    `json:"lastDocument,omitempty"`
}

// CurrentDrive is the drive a register has.
type CurrentDrive struct {
	FN        fiscal.FNNumber `json:"fiscalDriveNumber"`
	From      string          `json:"from,omitempty" doc:"По часам кассы"`
	ExpiresAt string          `json:"expiresAt,omitempty" doc:"Конец срока ключа, по часам кассы"`
	Source    string          `json:"expiresSource,omitempty" enum:"keyResource" doc:"Откуда известен срок: тег 1213"`
	Memory    float64         `json:"memoryUsedPercent" doc:"Оценка по номеру документа: сколько вмещает ФН, касса не передаёт"`
	MemorySrc string          `json:"memorySource" enum:"estimate,memoryExceededSign" doc:"memoryExceededSign: касса передала признак переполнения памяти, тег 1052"`
	FFD       string          `json:"fiscalDocumentFormat,omitempty"`
}

// CurrentShift is the last shift of a register.
type CurrentShift struct {
	Number   uint32 `json:"shiftNumber"`
	Open     bool   `json:"open"`
	OpenedAt string `json:"openedAt,omitempty"`
	ClosedAt string `json:"closedAt,omitempty"`
}

// LastDocument is the last one that came.
type LastDocument struct {
	FD         fiscal.FDNumber `json:"fiscalDocumentNumber"`
	Kind       string          `json:"kind"`
	DateTime   string          `json:"dateTime"`
	ReceivedAt *time.Time      `json:"receivedAt,omitempty"`
}

// RegisterInput connects a register.
type RegisterInput struct {
	RegID    string   `json:"kktRegId" doc:"РНМ, 16 цифр"`
	Serial   string   `json:"kktNumber" doc:"Заводской номер: по нему и ИНН проверяются контрольные цифры РНМ" maxLength:"20"`
	Name     string   `json:"name,omitempty" maxLength:"200"`
	Model    string   `json:"model,omitempty" maxLength:"200"`
	FN       string   `json:"fiscalDriveNumber,omitempty"`
	OutletID string   `json:"outletId,omitempty"`
	Groups   []string `json:"groups,omitempty" nullable:"false" maxItems:"20"`
}

// RegisterChange has what may be changed; absent fields stay.
type RegisterChange struct {
	Name     *string   `json:"name,omitempty" maxLength:"200"`
	Model    *string   `json:"model,omitempty" maxLength:"200"`
	OutletID *string   `json:"outletId,omitempty"`
	Groups   *[]string `json:"groups,omitempty" maxItems:"20"`
	Archived *bool     `json:"archived,omitempty" doc:"false возвращает из архива"`
}

// Drive is a drive a register had.
type Drive struct {
	FN        fiscal.FNNumber `json:"fiscalDriveNumber"`
	From      string          `json:"from,omitempty" doc:"Отчёт о регистрации, по часам кассы"`
	To        string          `json:"to,omitempty" doc:"Регистрация со следующим ФН или закрытие архива, по часам кассы; нет — стоит сейчас"`
	FirstAt   *time.Time      `json:"firstReceivedAt,omitempty"`
	LastAt    *time.Time      `json:"lastReceivedAt,omitempty"`
	Documents fiscal.FDNumber `json:"documents" doc:"Наибольший номер документа"`
	Memory    float64         `json:"memoryUsedPercent" doc:"Оценка по номеру документа"`
	MemorySrc string          `json:"memorySource" enum:"estimate,memoryExceededSign"`
	ExpiresAt string          `json:"expiresAt,omitempty"`
	Source    string          `json:"expiresSource,omitempty"`
	Closed    bool            `json:"closed" doc:"Архив закрыт"`
}

type registersInput struct {
	Paging
	Query    string `query:"q" doc:"Часть названия, РНМ, заводского номера или номера ФН"`
	INN      string `query:"inn"`
	OutletID string `query:"outletId" doc:"Точка или подразделение со всем, что в нём"`
	State    string `query:"state" enum:"active,archived"`
	Archived string `query:"archived" enum:"true,false"`
	Light    string `query:"light" enum:"grey,green,yellow,red"`
	FN       string `query:"fn"`
	Model    string `query:"model"`
}

// RegisterPath names a register.
type RegisterPath struct {
	RegID string `path:"rnm" doc:"РНМ"`
}

// scene is what registers are shown with: thresholds, zones, the moment.
type scene struct {
	a          *api
	c          *caller
	tree       *fleet.Tree
	thresholds fleet.Thresholds
	zone       string // of the organisation
	inn        string
	now        time.Time
	zones      map[string]*time.Location
}

func (a *api) scene(ctx context.Context, c *caller) (*scene, error) {
	o, err := a.o.Accounts.Org(ctx, c.viewer)
	if err != nil {
		return nil, err
	}
	s := &scene{a: a, c: c, zone: o.TimeZone, inn: o.INN, now: a.o.Now(), zones: map[string]*time.Location{}}
	if s.zone == "" {
		s.zone = defaultZone
	}
	if s.tree, err = a.o.Fleet.Tree(ctx, c.viewer); err != nil {
		return nil, err
	}
	s.thresholds, _, err = a.o.Fleet.Thresholds(ctx, c.viewer)
	return s, err
}

// zoneOf the place a register stands in.
func (s *scene) zoneOf(outlet string) (string, *time.Location) {
	name := s.tree.Node(outlet).TimeZone
	if name == "" {
		name = s.zone
	}
	if s.zones[name] == nil {
		z, err := time.LoadLocation(name)
		if err != nil {
			z = time.FixedZone("МСК", 3*60*60)
		}
		s.zones[name] = z
	}
	return name, s.zones[name]
}

func (s *scene) show(e fleet.Entry) Register {
	name, zone := s.zoneOf(e.Outlet)
	l := s.a.o.Fleet.Lights(e, s.thresholds, s.now, zone)
	r := Register{RegID: e.RegID, Serial: e.Serial, Name: e.Name, Model: e.Model, OutletID: e.Outlet, Groups: append([]string{}, e.Groups...), State: "active",
		ConnectedAt: instant(e.Connected), ArchivedAt: instant(e.Archived), PaidUntil: instant(e.PaidUntil), Blocked: e.Blocked, TimeZone: name, Light: l.Worst.String(), Indicators: []Light{}}
	if !e.Archived.IsZero() {
		r.State = "archived"
	}
	for _, i := range l.All() {
		r.Indicators = append(r.Indicators, Light{i.Name, i.Title, i.Colour.String(), i.Value, i.Reason})
	}
	if e.Drive() != "" {
		r.Drive = &CurrentDrive{FN: e.Drive(), From: local(e.State.DriveFrom), ExpiresAt: local(e.State.KeyUntil), Memory: s.a.o.Fleet.Memory(e), MemorySrc: memorySource(e.State.MemoryFull)}
		if r.Drive.ExpiresAt != "" {
			r.Drive.Source = "keyResource"
		}
		if e.Seen() {
			r.Drive.FFD = e.State.FFD.String()
		}
	}
	// A key of some dates is told of no documents of others.
	sight := s.c.viewer.Cut(access.NewSight(fiscal.INN(s.inn), []fiscal.RegNumber{e.RegID}))
	if e.Seen() && sight.Shows(e.RegID, e.State.UserINN, e.State.LastWall) {
		r.Shift = &CurrentShift{Number: e.State.Shift, Open: e.State.ShiftOpen, ClosedAt: local(e.State.ClosedWall)}
		if e.State.ShiftOpen {
			r.Shift.OpenedAt, r.Shift.ClosedAt = local(e.State.OpenedWall), ""
		}
		r.Last = &LastDocument{FD: e.State.LastFD, Kind: e.State.LastForm.JSONName(), DateTime: local(e.State.LastWall), ReceivedAt: instant(e.State.Last)}
	}
	return r
}

func (a *api) registers() {
	see, edit := need{access.SeeRegisters, integration.ReadRegisters}, need{access.EditRegisters, integration.WriteRegisters}
	const path, tag = "/api/v1/registers", "Кассы"
	add(a, operation(http.MethodGet, path, "listRegisters", tag, "Кассы"), see, a.listRegisters)
	type connectInput struct{ Body RegisterInput }
	add(a, operation(http.MethodPost, path, "connectRegister", tag, "Подключить кассу"), edit,
		func(ctx context.Context, c *caller, in *connectInput) (*one[Register], error) {
			b := in.Body
			r, err := a.o.Fleet.Connect(ctx, c.viewer, fleet.Register{RegID: fiscal.RegNumber(b.RegID), Serial: b.Serial, Name: b.Name, Model: b.Model,
				FN: fiscal.FNNumber(b.FN), Outlet: b.OutletID, Groups: b.Groups})
			if err != nil {
				return nil, err
			}
			out, err := a.register(ctx, c, r.RegID)
			if err != nil {
				return nil, err
			}
			out.Location = path + "/" + string(r.RegID)
			return out, nil
		})
	add(a, operation(http.MethodGet, path+"/{rnm}", "getRegister", tag, "Одна касса"), see,
		func(ctx context.Context, c *caller, in *RegisterPath) (*one[Register], error) {
			return a.register(ctx, c, fiscal.RegNumber(in.RegID))
		})
	type changeInput struct {
		RegisterPath
		Matching
		Body RegisterChange
	}
	add(a, operation(http.MethodPatch, path+"/{rnm}", "changeRegister", tag, "Изменить кассу; из архива её сперва возвращают"), edit,
		func(ctx context.Context, c *caller, in *changeInput) (*one[Register], error) {
			return a.changeRegister(ctx, c, fiscal.RegNumber(in.RegID), in.Matching, in.Body)
		})
	add(a, operation(http.MethodDelete, path+"/{rnm}", "archiveRegister", tag, "Перенести в архив; данные остаются"), edit,
		func(ctx context.Context, c *caller, in *RegisterPath) (*struct{}, error) {
			return nil, a.o.Fleet.Archive(ctx, c.viewer, fiscal.RegNumber(in.RegID))
		})
	type drivesInput struct {
		RegisterPath
		Paging
	}
	add(a, operation(http.MethodGet, path+"/{rnm}/fiscal-drives", "listFiscalDrives", tag, "История ФН кассы"), see,
		func(ctx context.Context, c *caller, in *drivesInput) (*many[Drive], error) {
			all, err := a.o.Fleet.Drives(ctx, c.viewer, fiscal.RegNumber(in.RegID))
			if err != nil {
				return nil, err
			}
			p, err := cut(a.showDrives(all), in.Paging)
			return &many[Drive]{p}, err
		})
}

// showDrives of a register, the present one first.
func (a *api) showDrives(all []fleet.Drive) []Drive {
	views := make([]Drive, len(all))
	for i, d := range all {
		views[i] = Drive{FN: d.FN, From: local(d.From), FirstAt: instant(d.First), LastAt: instant(d.Last), Documents: d.Documents, ExpiresAt: local(d.KeyUntil), Closed: d.Closed,
			To: local(d.ClosedWall), Memory: a.o.Fleet.DriveMemory(d), MemorySrc: memorySource(d.MemoryFull)}
		if views[i].To == "" && i > 0 {
			views[i].To = local(all[i-1].From)
		}
		if views[i].ExpiresAt != "" {
			views[i].Source = "keyResource"
		}
	}
	return views
}

func memorySource(told bool) string {
	if told {
		return "memoryExceededSign"
	}
	return "estimate"
}

func (a *api) listRegisters(ctx context.Context, c *caller, in *registersInput) (*many[Register], error) {
	s, err := a.scene(ctx, c)
	if err != nil {
		return nil, err
	}
	f := fleet.Filter{Text: in.Query, Branch: in.OutletID}
	if in.State != "" || in.Archived != "" {
		archived := in.State == "archived" || in.Archived == "true"
		f.Archived = &archived
	}
	entries, err := a.o.Fleet.Registers(ctx, c.viewer, f)
	if err != nil {
		return nil, err
	}
	all := []Register{}
	for _, e := range entries {
		if (in.INN != "" && in.INN != s.inn) || (in.FN != "" && in.FN != string(e.Drive())) || (in.Model != "" && !strings.EqualFold(in.Model, e.Model)) {
			continue
		}
		if r := s.show(e); in.Light == "" || in.Light == r.Light {
			all = append(all, r)
		}
	}
	p, err := cut(all, in.Paging)
	return &many[Register]{p}, err
}

func (a *api) register(ctx context.Context, c *caller, reg fiscal.RegNumber) (*one[Register], error) {
	e, err := a.o.Fleet.Register(ctx, c.viewer, reg)
	if err != nil {
		return nil, err
	}
	s, err := a.scene(ctx, c)
	if err != nil {
		return nil, err
	}
	return &one[Register]{ETag: etag(e.Version), Body: s.show(e)}, nil
}

func (a *api) changeRegister(ctx context.Context, c *caller, reg fiscal.RegNumber, m Matching, b RegisterChange) (*one[Register], error) {
	e, err := a.o.Fleet.Register(ctx, c.viewer, reg)
	if err != nil {
		return nil, err
	}
	version, err := m.version()
	if err != nil {
		return nil, err
	}
	if version != e.Version {
		return nil, fleet.ErrStale
	}
	if b.Archived != nil && !*b.Archived && !e.Archived.IsZero() {
		if err := a.o.Fleet.Restore(ctx, c.viewer, reg); err != nil {
			return nil, err
		}
		if e, err = a.o.Fleet.Register(ctx, c.viewer, reg); err != nil {
			return nil, err
		}
	}
	if !e.Archived.IsZero() {
		return nil, problem(http.StatusGone, "archived", "Касса в архиве: верните её (archived: false), чтобы изменить.")
	}
	if b.Name != nil || b.Model != nil || b.OutletID != nil || b.Groups != nil {
		r := e.Register
		set(&r.Name, b.Name)
		set(&r.Model, b.Model)
		set(&r.Outlet, b.OutletID)
		if b.Groups != nil {
			r.Groups = slices.Clone(*b.Groups)
		}
		if err := a.o.Fleet.Change(ctx, c.viewer, r); err != nil {
			return nil, err
		}
	}
	if b.Archived != nil && *b.Archived {
		if err := a.o.Fleet.Archive(ctx, c.viewer, reg); err != nil {
			return nil, err
		}
	}
	return a.register(ctx, c, reg)
}
