Feature: Spoiled confirmations
  The drive takes a confirmation only when it is its own; otherwise the document stays and is sent again.

  Rule: A confirmation that is not right is refused and costs nothing (transport.md 7.1, fn.md 9.1)

    @case:K-070 @must
    Scenario Outline: A spoiled confirmation is refused, the next one is taken
      Given a register of FFD 1.05 with an open shift
      And the next confirmation comes with <spoiling>
      When the register issues and sends 1 receipt
      Then the exchange fails
      And the drive holds 1 unsent document
      When the register exchanges with the operator
      Then the operator repeats its first answer

      Examples:
        | spoiling                       |
        | a foreign signature            |
        | a wrong CRC of the container   |
        | a wrong sign                   |
        | the number of another drive    |
        | the number of another document |
