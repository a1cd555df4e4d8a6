<?php
// A whole shift with PHP's own SoapClient: it shares no code with NextCall or with any library that NextCall uses.
// Usage: php shift.php WSDL BROADCAST-WSDL PHONES-URL SOAP-VERSION(11|12). Prints one JSON object: what was seen.

function seen_of_call(object $call): array {
    return ['id' => $call->id, 'firstname' => $call->firstname, 'company' => $call->company ?? null,
            'entries' => array_map(fn($entry) => [$entry->name, $entry->_],
                is_array($call->extra_data->entry) ? $call->extra_data->entry : [$call->extra_data->entry]),
            'any' => $call->any ?? null];
}

[, $wsdl, $broadcast, $phones, $version] = $argv;
$options = ['cache_wsdl' => WSDL_CACHE_NONE, 'exceptions' => true, 'soap_version' => $version === '12' ? SOAP_1_2 : SOAP_1_1];
$service = new SoapClient($wsdl, $options);
$campaigns = new SoapClient($broadcast, $options);
$campaign = ['key' => 'practice', 'campaignId' => 2];
$seen = ['functions' => $service->__getFunctions(), 'calls' => []];

$number = '+1 202 555 0143';
$service->sendAgentCallBack($campaign + ['phonenumber' => $number]);
do {
    $phone = json_decode(file_get_contents($phones . rawurlencode($number)));
} while ($phone->state !== 'connected');
$agent = $campaign + ['agentId' => $phone->agentId];
$service->loginAgent($agent);
$campaigns->startCampaign($campaign);
foreach ([false, false, true] as $last) {
    $call = $service->getConnectionForAgent($agent)->return;
    $seen['calls'][] = seen_of_call($call);
    $service->storeAgentResponse($agent + ['callId' => $call->id, 'agentResponse' => 'Sold', 'agentNotes' => "Zoë <&> 😀\n\"two\"",
        'lastcall' => $last]);
}
$campaigns->stopCampaign($campaign);
$service->kickAgent($agent);
try {
    $service->getConnectionForAgent($agent);
} catch (SoapFault $fault) {
    $seen['fault'] = [$fault->faultcode, $fault->getMessage()];
}
try {
    $service->loginAgent(['key' => 'wrong'] + $agent);
} catch (SoapFault $fault) {
    $seen['wrong key'] = $fault->getMessage();
}
$seen['agent'] = $phone->agentId;
echo json_encode($seen, JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR);
