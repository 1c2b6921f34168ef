/* Presses the button of the page that it stands on. Without scripts somebody has to. */
document.getElementById("send").submit();
