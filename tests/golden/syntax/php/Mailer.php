<?php

namespace App\Mail;

use App\Model\User;
use App\Util\{Clock, Text as Str};
use function App\helpers\now;

require_once __DIR__ . '/vendor/autoload.php';
require 'config.php';

const RETRIES = 3;
define('MAIL_DEBUG', false);

/**
 * Sends mail, as a sample of PHP.
 */
abstract class Mailer extends Base implements Sender, \Countable
{
    use Logs, Queues;

    public const LIMIT = 10;

    private ?Transport $transport = null;
    public static int $sent;

    public function __construct(private Clock $clock, User $user)
    {
        $this->user = $user;
        $this->queue = new Queue();
    }

    #[Pure]
    public function send(Message $message, int $times = 1): ?Receipt
    {
        $mail = new Mail($message);
        foreach ($this->queue->all() as $item) {
            $this->transport?->send($item);
        }
        return Receipt::of($mail);
    }

    abstract protected function name(): string;
}

interface Sender extends Named
{
    public function send(Message $message): ?Receipt;
}

trait Logs
{
    protected function log(string $text): void
    {
        echo $text;
    }
}

enum Level: string
{
    case Low = 'low';
    case High = 'high';

    public function label(): string
    {
        return $this->value;
    }
}

function deliver(Mailer $mailer): bool
{
    return $mailer->send(new Message()) !== null;
}
