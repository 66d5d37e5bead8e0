/** The agent's own sentences in French: reasons and remedies reach the page in English, with names in them. */

import { language } from "./i18n.js";

/** Gaps are `…`; what an agent says that is not here is shown as it came. */
export const FRENCH = {
  "… refused the user name or password": "… refuse le nom d’utilisateur ou le mot de passe",
  "correct `username` and `password`; some cameras lock an account for minutes after wrong ones": "corrigez `username` et `password` ; certaines caméras bloquent un compte quelques minutes après des erreurs",
  "… does not let this user see the stream": "… ne laisse pas cet utilisateur voir le flux",
  "give the user the right to watch live video in the camera's own settings": "donnez à l’utilisateur le droit de voir la vidéo en direct dans les réglages de la caméra",
  "… has no stream at this path": "… n’a pas de flux à ce chemin",
  "look up the path of its RTSP stream in its manual or by ONVIF and correct `url`": "cherchez le chemin du flux RTSP dans la notice ou par ONVIF et corrigez `url`",
  "… refused the stream": "… refuse le flux",
  "try the other `transport`, and look whether too many viewers are connected to it": "essayez l’autre `transport`, et voyez si trop de spectateurs y sont connectés",
  "… has a fault of its own": "… a une panne interne",
  "restart it if this goes on": "redémarrez-la si cela continue",
  "… refused the connection": "… refuse la connexion",
  "check the port, and that RTSP is switched on in the camera; it may still be starting": "vérifiez le port, et que RTSP est activé dans la caméra ; elle démarre peut-être encore",
  "… closed the connection": "… a fermé la connexion",
  "see whether it restarts by itself": "voyez si elle redémarre d’elle-même",
  "… does not answer": "… ne répond pas",
  "check its power, its cable and the address; a firewall may be between": "vérifiez son alimentation, son câble et l’adresse ; un pare-feu bloque peut-être",
  "… sends nothing any more": "… n’envoie plus rien",
  "check its network; restart it if this goes on": "vérifiez son réseau ; redémarrez-la si cela continue",
  "… ended its stream": "… a terminé son flux",
  "… does not exist": "… n’existe pas",
  "correct the path or plug it in": "corrigez le chemin ou branchez-la",
  "… may not be opened by the agent": "… ne peut pas être ouvert par l’agent",
  "give the agent's user the right to read it; for a USB camera, add it to the group `video`": "donnez à l’utilisateur de l’agent le droit de lecture ; pour une caméra USB, ajoutez-le au groupe `video`",
  "… sent no video that can be read, or none in time": "… n’a pas envoyé de vidéo lisible, ou pas à temps",
  "check that it is the address of a video stream, and its network": "vérifiez que c’est l’adresse d’un flux vidéo, et son réseau",
  "… is asked for by a protocol that is not built in": "… est demandée par un protocole qui n’est pas intégré",
  "use rtsp:// or a camera that speaks it": "utilisez rtsp:// ou une caméra qui le parle",
  "the camera is offline: …": "la caméra est hors ligne : …",
  "quiet hours until …": "heures calmes jusqu’à …",
  "wait until then; …": "attendez jusque-là ; …",
  "this loudspeaker spoke … times within the hour": "ce haut-parleur a parlé … fois dans l’heure",
  "wait, or raise talkdown.per_hour; …": "attendez, ou augmentez talkdown.per_hour ; …",
  "too many utterances wait for this loudspeaker": "trop d’annonces attendent ce haut-parleur",
  "try again in half a minute": "réessayez dans une demi-minute",
  "camera … has no loudspeaker": "la caméra … n’a pas de haut-parleur",
  "set cameras.….speaker": "réglez cameras.….speaker",
  "there is no camera …": "il n’y a pas de caméra …",
  "close another view of it, or raise live.viewers": "fermez une autre vue de cette caméra, ou augmentez live.viewers",
  "too many wrong tokens came from this address": "trop de jetons erronés viennent de cette adresse",
  "the box is offline: …": "le boîtier est hors ligne : …",
  "the box … is offline: …": "le boîtier … est hors ligne : …",
  "look at the box's power and network": "vérifiez l’alimentation et le réseau du boîtier",
  "nothing was heard of it yet": "rien n’a encore été reçu de lui",
  "too many wrong attempts to sign in": "trop d’essais de connexion erronés",
  "asked for": "demandé",
  "the link is better": "la liaison est meilleure",
  "the link is thin: … of its packets are lost": "la liaison est faible : … des paquets sont perdus",
  "the link is thin: packets are … s late": "la liaison est faible : les paquets ont … s de retard",
  "the … stream is away: …": "le flux … est absent : …",
  "… is moving this camera": "… oriente déjà cette caméra",
  "wait until it is released": "attendez qu’elle soit libérée",
  "camera … cannot be turned": "la caméra … ne peut pas être orientée",
  "… does not answer ONVIF requests": "… ne répond pas aux requêtes ONVIF",
  "… does not answer as ONVIF prescribes": "… ne répond pas comme ONVIF le prescrit",
  "check `onvif.url`, and that ONVIF is switched on in the camera's settings": "vérifiez `onvif.url`, et qu’ONVIF est activé dans les réglages de la caméra",
  "check its power, its network and `onvif.url`": "vérifiez son alimentation, son réseau et `onvif.url`",
  "wait … seconds": "attendez … secondes",
};

const patterns = Object.entries(FRENCH).map(([english, french]) => [new RegExp(`^${english.split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("(.+)")}$`), french]);

/** Returns what an agent said in the page's language, as far as the page knows it. */
export function said(words) {
  if (!words || language() !== "fr") return words ?? "";
  for (const [pattern, french] of patterns) {
    const found = pattern.exec(words);
    if (!found) continue;
    let gap = 0;
    return french.replace(/…/g, () => said(found[++gap]));
  }
  return words;
}
