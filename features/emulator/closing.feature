Feature: Closing the archive
  The last document of a drive is made between shifts, with everything before it confirmed.

  Rule: The archive is closed with the shift closed (fn.md 3.1)

    @case:K-050 @must
    Scenario: Closing in an open shift
      Given a register of FFD 1.2 with an open shift
      When the register closes the archive
      Then the register refuses because of "закройте ее перед закрытием ФН"

  Rule: The archive is closed after every confirmation has come (fn.md FN-010)

    @case:K-051 @must
    Scenario: Closing with unsent documents
      Given a registered register of FFD 1.05
      And the operator is out of reach
      And the register trades for 1 day with 1 receipt a day
      When the register closes the archive
      Then the register refuses by rule FN-010
      And the drive holds 3 unsent documents

    @case:closing/after-catching-up @must
    Scenario: Closing after everything was sent
      Given a registered register of FFD 1.05
      And the operator is out of reach
      And the register trades for 1 day with 1 receipt a day
      When the operator comes back and gets what has piled up
      And the register closes the archive and sends it
      Then the last document is an archive closing with number 5
      And the operator has no remarks

    @case:O-050 @must
    Scenario: The operator shows the drive as closed after its confirmation
      Given a registered register of FFD 1.2
      When the register closes the archive
      Then the operator shows the drive as active
      When the register exchanges with the operator
      Then the operator shows the drive as closed
      And the operator has no remarks
