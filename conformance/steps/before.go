package steps

import (
	"context"
	"errors"
	"fmt"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
)

// beforeSteps say what the register, its drive and its operator are like. They stand
// before the sentence that makes the register.
func (w *world) beforeSteps() []definition {
	return []definition{
		{in: given, sentence: [2]string{"the drive's keys live {n} day(s)", "ключи ФН действуют {n} день/дня/дней"}, do: w.keysLive},
		{in: given, sentence: [2]string{"the drive has room for {n} documents", "ФН вмещает {n} документ/документа/документов"}, do: w.capacity},
		{in: given, sentence: [2]string{"the drive takes {n} registration(s)", "ФН допускает {n} регистрацию/регистрации/регистраций"}, do: w.registrations},
		{in: given, sentence: [2]string{"a drive of the model {text}", "ФН модели {text}"}, do: w.model},
		{in: given, sentence: [2]string{"the register opens a connection for each document", "касса открывает соединение для каждого документа"}, do: w.oneShots},
		{in: given, sentence: [2]string{"the operator announces that it stops its work", "оператор объявляет, что прекращает работу"}, do: w.announce},
		{in: given, sentence: [2]string{"nobody answers about marking codes", "на запросы о кодах маркировки никто не отвечает"}, do: w.markingSilent},
	}
}

func (w *world) early() error {
	if w.emu != nil {
		return errors.New("this step must stand before the register")
	}
	return nil
}

func (w *world) keysLive(days int) error {
	w.drive.Settings.KeyDays = days
	return w.early()
}

func (w *world) capacity(n int) error {
	w.drive.Settings.Capacity = n
	return w.early()
}

func (w *world) registrations(n int) error {
	w.drive.Settings.Registrations = n
	return w.early()
}

func (w *world) model(name string) error {
	m, ok := fn.ModelByName(unquote(name))
	if !ok {
		return fmt.Errorf("no model of a drive is called %s", name)
	}
	w.drive.Model = m
	return w.early()
}

func (w *world) oneShots() error {
	w.oneShot = true
	return w.early()
}

// bitStops is bit 7 of 1206: the operator's permission ends (transport.md 8.3).
const bitStops = 0x80

func (w *world) announce(context.Context) error {
	w.settings = map[string]string{"ack.extra_bits": fmt.Sprintf("%#02x", bitStops)}
	return w.early()
}

func (w *world) markingSilent() error {
	w.noMarking = true
	return nil
}
