package cabinet_test

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/notify"
)

// states puts what registers are known by, as if their documents had come.
func (p *person) states(states ...fleet.State) {
	p.t.Helper()
	ctx := context.Background()
	s := p.base.Fleet()
	from, err := s.Place(ctx)
	require.NoError(p.t, err)
	require.NoError(p.t, s.Advance(ctx, from, from+1, states, nil))
}

// alive is a register that sent a document at the moment; its clock is Moscow's.
func alive(n uint64, at time.Time) fleet.State {
	wall := at.UTC().Add(3 * time.Hour).Truncate(time.Second)
	return fleet.State{RegID: fiscal.RegNumber(number(n)), UserINN: inn, FN: "9999078900000001", First: at.Add(-time.Hour), Last: at, LastFD: 5, LastForm: fiscal.FormReceipt,
		LastWall: wall, Day: wall.Format(time.DateOnly), Today: 5}
}

// shops makes two departments, an outlet and two registers in each.
func (p *person) shops(v access.Viewer) (depts, outlets []fleet.Node) {
	p.t.Helper()
	ctx := context.Background()
	for i, name := range []string{"Север", "Юг"} {
		d, err := p.registers.AddNode(ctx, v, fleet.Node{Kind: fleet.Department, Name: name})
		require.NoError(p.t, err)
		o, err := p.registers.AddNode(ctx, v, fleet.Node{Kind: fleet.Outlet, Name: "Магазин " + name, Parent: d.ID})
		require.NoError(p.t, err)
		depts, outlets = append(depts, d), append(outlets, o)
		for k := range 2 {
			n := uint64(2*i + k + 1)
			_, err := p.registers.Connect(ctx, v, fleet.Register{RegID: fiscal.RegNumber(number(n)), Serial: serial, Name: fmt.Sprintf("Касса %s %d", name, k+1), Outlet: o.ID, Groups: []string{name}})
			require.NoError(p.t, err)
		}
	}
	return depts, outlets
}

// lightOf is the colour of a register's line on the board.
func lightOf(body, name string) string {
	at := strings.Index(body, ">"+name+"</a><span class=\"sub mono\">")
	if at < 0 {
		return "absent"
	}
	line := body[strings.LastIndex(body[:at], "<tr>"):at]
	_, rest, _ := strings.Cut(line, `class="light `)
	colour, _, _ := strings.Cut(rest, `"`)
	return colour
}

// CAB-090, CAB-096: a register that sends is green, silent for a day yellow, for three
// days red, as the bench's clock moves; one that has sent nothing is waited for.
func TestMonitoring_ColoursFollowTheClock(t *testing.T) {
	p := newPerson(t)
	v := p.owner()
	_, _, body := p.get("/lk/monitoring")
	assert.Contains(t, body, "Касс пока нет")
	p.shops(v)
	_, _, body = p.get("/lk/monitoring")
	assert.Contains(t, body, "не позже чем через 5 минут")
	assert.Equal(t, "grey", lightOf(body, "Касса Север 1"))
	start := time.Now()
	p.states(alive(1, start))
	for _, one := range []struct {
		ahead time.Duration
		want  string
	}{{0, "green"}, {23 * time.Hour, "green"}, {25 * time.Hour, "yellow"}, {71 * time.Hour, "yellow"}, {73 * time.Hour, "red"}, {0, "green"}} {
		p.moved.Store(int64(one.ahead))
		_, _, body = p.get("/lk/monitoring")
		assert.Equal(t, one.want, lightOf(body, "Касса Север 1"), "%v", one.ahead)
		assert.Equal(t, "grey", lightOf(body, "Касса Юг 2"))
	}
}

// troubled puts the four registers of shops into states: green; silent for a day;
// silent for three days and a shift open for days; drive closed.
func (p *person) troubled() {
	now := time.Now()
	yellow, red, drive := alive(2, now.Add(-30*time.Hour)), alive(3, now.Add(-80*time.Hour)), alive(4, now)
	red.ShiftOpen, red.Shift, red.OpenedWall = true, 7, red.LastWall.Add(-time.Hour)
	drive.Closed, drive.FlawedFD, drive.FlawedWall = true, 4, drive.LastWall
	p.states(alive(1, now), yellow, red, drive)
}

// CAB-073, CAB-091, CAB-094, CAB-098: levels add up, a number opens the list, filters combine.
func TestMonitoring_LevelsAndFilters(t *testing.T) {
	p := newPerson(t)
	v := p.owner()
	depts, outlets := p.shops(v)
	p.troubled()
	w, err := p.registers.Monitor(context.Background(), v, fleet.Look{}, p.clock())
	require.NoError(t, err)
	assert.Equal(t, fleet.Counts{0, 1, 1, 2}, w.All)
	byID := map[string]fleet.Counts{}
	for _, l := range w.Levels {
		byID[l.ID] = l.Counts
	}
	var sum fleet.Counts
	for i, d := range depts {
		assert.Equal(t, byID[outlets[i].ID], byID[d.ID], "a department is the sum of its outlets")
		for c, n := range byID[d.ID] {
			sum[c] += n
		}
	}
	assert.Equal(t, w.All, sum, "departments add up to all")

	status, _, body := p.get("/lk/monitoring")
	assert.Equal(t, http.StatusOK, status)
	link := "/lk/monitoring?branch=" + depts[1].ID + "&worst=red"
	assert.Regexp(t, `>\s*2\s*<`, block(t, body, `href="`+link+`"`, "/a>"), "how many are red")
	_, _, body = p.get(link)
	assert.Equal(t, "red", lightOf(body, "Касса Юг 1"))
	assert.Equal(t, "red", lightOf(body, "Касса Юг 2"))
	assert.Equal(t, "absent", lightOf(body, "Касса Север 2"))
	assert.Contains(t, body, "Показано касс: 2")
	_, _, body = p.get("/lk/monitoring?transfer=red&shift=red")
	assert.Contains(t, body, "Показано касс: 1")
	assert.Equal(t, "red", lightOf(body, "Касса Юг 1"))
	assert.Contains(t, body, `<option value="red" selected>красный (1)</option>`)
	_, _, body = p.get("/lk/monitoring?transfer=green&shift=red")
	assert.Contains(t, body, "Таких касс нет")
	_, _, body = p.get("/lk/monitoring?connection=green&shift=green&transfer=green&drive=green")
	assert.Contains(t, body, "Показано касс: 1", "all four at once")
	assert.Equal(t, "green", lightOf(body, "Касса Север 1"))
	_, _, body = p.get("/lk/monitoring?connection=red")
	assert.Contains(t, body, "Таких касс нет")
	_, _, body = p.get("/lk/monitoring?drive=red")
	assert.Contains(t, body, "Показано касс: 1")
	assert.Contains(t, body, "архив ФН закрыт")
	assert.Contains(t, body, "№ 4", "the last document with a broken rule")
	_, _, body = p.get("/lk/monitoring?worst=problem&group=Север")
	assert.Contains(t, body, "Показано касс: 1")
	assert.Equal(t, "yellow", lightOf(body, "Касса Север 2"))
}

// CAB-093: own thresholds are one's own; a button returns the default.
func TestMonitoring_OwnThresholds(t *testing.T) {
	p := newPerson(t)
	v := p.owner()
	p.shops(v)
	p.states(alive(1, time.Now().Add(-3*time.Hour)))
	mate := p.mate(v, "masha@shop.example", access.Manager)
	status, _, body := p.post("/lk/monitoring/thresholds", "silenceYellow", "5", "silenceRed", "2", "shiftYellow", "x", "shiftRed", "24", "termYellow", "30", "driveYellow", "30", "memoryYellow", "90", "memoryRed", "99")
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Contains(t, body, "Нужно число.")
	_, at, body := p.post("/lk/monitoring/thresholds", "silenceYellow", "2", "silenceRed", "72", "shiftYellow", "23", "shiftRed", "24", "termYellow", "30", "driveYellow", "30", "memoryYellow", "90", "memoryRed", "99")
	assert.Equal(t, "/lk/monitoring", at)
	assert.Equal(t, "yellow", lightOf(body, "Касса Север 1"), "A has set two hours")
	_, _, body = mate.get("/lk/monitoring")
	assert.Equal(t, "green", lightOf(body, "Касса Север 1"), "B keeps 24 hours")
	_, _, body = p.get("/lk/monitoring/thresholds")
	assert.Contains(t, body, "Вернуть стандартные")
	_, _, body = p.post("/lk/monitoring/thresholds", "do", "default")
	assert.Contains(t, body, "Действуют стандартные пороги.")
	_, _, body = p.get("/lk/monitoring")
	assert.Equal(t, "green", lightOf(body, "Касса Север 1"))
}

// mate is another member of the organisation with a browser of their own.
func (p *person) mate(v access.Viewer, email string, role access.Role, branches ...string) *person {
	p.t.Helper()
	other := p.another()
	other.post("/lk/register", "org", "Своя", "email", email, "password", "ромашка-2026", "consent", "yes")
	_, session, err := p.accounts.Login(context.Background(), email, "ромашка-2026", account.From{})
	require.NoError(p.t, err)
	require.NoError(p.t, p.base.Accounts().SetMember(context.Background(), account.Member{Org: v.Org(), User: session.User, Role: role, Branches: branches, Since: time.Now()}))
	other.post("/lk/choose", "org", v.Org())
	return other
}

// workbook reads the sheets of a file of the cabinet.
func workbook(t *testing.T, file []byte) *excelize.File {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(file))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

// raw gets a page as it is.
func (p *person) raw(path string) (int, []byte) {
	p.t.Helper()
	resp, err := p.c.Get(p.site.URL + path)
	require.NoError(p.t, err)
	defer resp.Body.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(resp.Body)
	require.NoError(p.t, err)
	return resp.StatusCode, b.Bytes()
}

// CAB-095, CAB-097, REP-08, DEC-11: the workbook has the lines of the screen, in its order, with
// its colours and values; documents of today stand where the register is.
func TestMonitoring_ExportEqualsTheScreen(t *testing.T) {
	p := newPerson(t)
	v := p.owner()
	_, outlets := p.shops(v)
	p.troubled()
	for _, query := range []string{"", "worst=problem", "worst=green", "transfer=red", "q=Юг", "branch=" + outlets[1].ID, "worst=problem&branch=" + outlets[0].ID} {
		_, _, body := p.get("/lk/monitoring?" + query)
		status, file := p.raw("/lk/monitoring/export?" + query)
		require.Equal(t, http.StatusOK, status)
		rows, err := workbook(t, file).GetRows("Отчет")
		require.NoError(t, err)
		assert.Equal(t, "Касса", rows[0][0])
		assert.Equal(t, []string{"смена", "передача данных", "подключение к ОФД", "замена фискального накопителя"}, []string{rows[0][6], rows[0][8], rows[0][10], rows[0][12]})
		lines, last := 0, 0
		for _, r := range rows[1:] {
			if r[0] == "Итого касс" {
				break
			}
			lines++
			at := strings.Index(body, ">"+r[0]+"</a><span class=\"sub mono\">РНМ "+r[1])
			require.Greater(t, at, last, "in the order of the screen")
			last = at
			line := body[at : at+strings.Index(body[at:], "</tr>")]
			for _, cell := range []string{r[2], r[3], r[6], r[8], r[10], r[12], r[13]} {
				assert.Contains(t, line, cell)
			}
			colours := map[string]string{"зелёный": "green", "жёлтый": "yellow", "красный": "red", "нет данных": "grey"}
			assert.Equal(t, colours[r[4]], lightOf(body, r[0]), r[0])
			for i, label := range []string{"смена", "передача данных", "подключение к ОФД", "замена фискального накопителя"} {
				assert.Contains(t, cell(t, line, label), colours[r[5+2*i]], r[0]+" "+label)
			}
			switch query { // working ones, problem ones
			case "worst=green":
				assert.Equal(t, "зелёный", r[4])
			case "worst=problem", "worst=problem&branch=" + outlets[0].ID:
				assert.Contains(t, []string{"жёлтый", "красный"}, r[4])
			}
			if r[1] == number(1) {
				assert.Equal(t, "5", r[14])
				assert.Contains(t, line, `class="number">5<`)
			}
		}
		assert.Contains(t, body, fmt.Sprintf("Показано касс: %d", lines))
	}
}

// CAB-063: good lines are connected, of bad ones line and reason are told.
func TestRegisters_UploadFromASpreadsheet(t *testing.T) {
	p := newPerson(t)
	v := p.owner()
	p.shops(v)
	status, template := p.raw("/lk/registers/upload/template")
	require.Equal(t, http.StatusOK, status)
	f := workbook(t, template)
	for i, line := range [][]any{
		{number(11), serial, "9999078900001111", "Новая 11", "Модель", "Магазин Юг", "кафе, юг"},
		{"123", serial},
		{},
		{number(12), "77"},
		{number(1), serial, "", "Опять"},
		{number(13), serial, "", "Нигде", "", "Ларёк"},
		{number(14), serial, "12", "Не тот ФН"},
		{number(15), serial},
	} {
		require.NoError(t, f.SetSheetRow("Кассы", fmt.Sprintf("A%d", i+2), &line))
	}
	var table bytes.Buffer
	require.NoError(t, f.Write(&table))
	status, body := p.upload("/lk/registers/upload", table.Bytes())
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, "Подключено касс: 2. Строк с ошибками: 5.")
	for line, reason := range map[string]string{"3": "РНМ — 16 цифр", "5": "Контрольные цифры", "6": "уже добавлена", "7": "Торговой точки «Ларёк» нет.", "8": "Номер ФН — 16 цифр."} {
		_, rest, found := strings.Cut(body, `data-label="Строка" class="number">`+line+`<`)
		require.True(t, found, line)
		rest, _, _ = strings.Cut(rest, "</tr>")
		assert.Contains(t, rest, reason)
	}
	e, err := p.registers.Register(context.Background(), v, fiscal.RegNumber(number(11)))
	require.NoError(t, err)
	assert.Equal(t, []string{"кафе", "юг"}, e.Groups)
	assert.Equal(t, fiscal.FNNumber("9999078900001111"), e.FN)
	assert.NotEmpty(t, e.Outlet)
	_, err = p.registers.Register(context.Background(), v, fiscal.RegNumber(number(15)))
	require.NoError(t, err)
	for _, bad := range [][]byte{[]byte("РНМ;ЗН"), template} {
		status, body = p.upload("/lk/registers/upload", bad)
		assert.Equal(t, http.StatusUnprocessableEntity, status)
		assert.Contains(t, body, `class="error"`)
	}
}

func (p *person) upload(path string, file []byte) (int, string) {
	p.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("file", "кассы.xlsx")
	require.NoError(p.t, err)
	_, err = part.Write(file)
	require.NoError(p.t, err)
	require.NoError(p.t, w.Close())
	status, _, body := p.read(p.c.Post(p.site.URL+path, w.FormDataContentType(), &b))
	return status, body
}

// NTF-11: who switched it on learns of a changed colour in the cabinet and by letter:
// register, outlet, reason, since when.
func TestMonitoring_TellsOfChangedColours(t *testing.T) {
	p := newPerson(t)
	v := p.owner()
	p.shops(v)
	start := time.Now()
	p.states(alive(1, start), alive(2, start))
	watcher := &fleet.Watcher{Fleet: p.registers, People: p.accounts, Outbox: p.outbox, Site: p.site.URL}
	look := func() []notify.Message {
		t.Helper()
		require.NoError(t, watcher.Step(context.Background()))
		all, err := p.outbox.Messages(context.Background(), notify.Filter{Kind: "NTF-11"})
		require.NoError(t, err)
		return all
	}
	assert.Empty(t, look(), "nobody switched it on")
	masha := p.mate(v, "masha@shop.example", access.Manager)
	masha.post("/lk/monitoring/alerts", "on", "yes")
	_, _, body := p.post("/lk/monitoring/alerts", "on", "yes", "letters", "yes")
	assert.Contains(t, body, "Сообщения об изменении цвета включены.")
	assert.Empty(t, look(), "the first look only remembers")
	p.moved.Store(int64(25 * time.Hour))
	letters := look()
	require.Len(t, letters, 2, "a letter for each register, to the one who wants letters")
	for _, m := range letters {
		assert.Equal(t, "ivan@shop.example", m.To)
		for _, want := range []string{"Касса Север", "Магазин Север", "зелёный → жёлтый", "нет документов 25 ч", start.Add(24 * time.Hour).UTC().Add(3 * time.Hour).Format("02.01.2006 15:04"), p.site.URL + "/lk/registers/"} {
			assert.Contains(t, m.Text, want)
		}
	}
	assert.Len(t, look(), 2, "once")
	p.moved.Store(int64(73 * time.Hour))
	letters = look()
	require.Len(t, letters, 4, "red now")
	red := 0
	for _, m := range letters {
		if strings.Contains(m.Text, "жёлтый → красный") {
			red++
			assert.Contains(t, m.Text, start.Add(72*time.Hour).UTC().Add(3*time.Hour).Format("02.01.2006 15:04"), "since when it is red")
		}
	}
	assert.Equal(t, 2, red)
	_, _, body = p.get("/lk/monitoring")
	assert.Contains(t, body, "Последние изменения цвета (4)")
	_, _, body = masha.get("/lk/monitoring")
	assert.Contains(t, body, "Последние изменения цвета (4)", "in the cabinet for who wants no letters")
	require.NoError(t, p.base.Accounts().RemoveMember(context.Background(), v.Org(), v.User()))
	p.moved.Store(0)
	assert.Len(t, look(), 4, "no member any more, nothing is told")
}
